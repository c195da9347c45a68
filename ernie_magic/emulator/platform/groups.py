"""The groups of the platform's functions, each of a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.emulator.platform import (
    apps,
    batch_inference,
    batches,
    datasets,
    datasets_v1,
    evaluations,
    evaluations_v1,
    files,
    knowledge,
    models,
    models_v1,
    services,
    templates,
    templates_v1,
    tuning,
)

if TYPE_CHECKING:
    from ernie_magic.emulator.platform.console import Actions, PlatformRoute

# Handlers by the `<group>` of `/v2/<group>?Action=…`.
ACTIONS: dict[str, Actions] = {
    "batchinference": batch_inference.ACTIONS,
    "dataset": datasets.ACTIONS,
    "eval": evaluations.ACTIONS,
    "finetuning": tuning.ACTIONS,
    "model": models.ACTIONS,
    "promptLabels": templates.LABEL_ACTIONS,
    "promptTemplates": templates.ACTIONS,
    "app": apps.ACTIONS,
    "knowledgeBase": knowledge.ACTIONS,
    "service": services.ACTIONS,
}
# Other paths.
ROUTES: tuple[PlatformRoute, ...] = (
    *apps.ROUTES,
    *batches.ROUTES,
    *evaluations_v1.ROUTES,
    *files.ROUTES,
    *knowledge.ROUTES,
    *models_v1.ROUTES,
    *services.ROUTES,
    *datasets_v1.ROUTES,
    *templates_v1.ROUTES,
    *tuning.ROUTES,
)
