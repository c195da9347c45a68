"""The groups of calls to Qianfan's platform that a session offers: `ernie.services` and the others.

Each is a module or a folder of its own, which is imported when the group is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.client import Client
    from ernie_magic.config.settings import ErnieSettings
    from ernie_magic.qianfan.apps.group import Apps
    from ernie_magic.qianfan.batches.group import Batches
    from ernie_magic.qianfan.batches.inference import BatchInference
    from ernie_magic.qianfan.console import Console
    from ernie_magic.qianfan.datasets.group import Datasets
    from ernie_magic.qianfan.files import Files
    from ernie_magic.qianfan.knowledge.group import Knowledge
    from ernie_magic.qianfan.services.group import PlatformService, Services
    from ernie_magic.qianfan.templates.group import Asker, Templates
    from ernie_magic.qianfan.tuning.group import Tuning


class PlatformGroups:
    """The part of a `Session` that offers Qianfan's platform; it is not used without one."""

    _templates: Templates
    _tuning: Tuning

    if TYPE_CHECKING:  # what a session has

        @property
        def client(self) -> Client: ...  # noqa: D102
        @property
        def settings(self) -> ErnieSettings: ...  # noqa: D102
        @property
        def conversation(self) -> Conversation: ...  # noqa: D102

    def _console(self) -> Console:
        from ernie_magic.qianfan.console import Console

        return Console(lambda: self.client)

    @property
    def services(self) -> Services:
        """The services and models of one's own on Qianfan."""
        from ernie_magic.qianfan.services.group import Services

        return Services(self._console())

    @property
    def knowledge(self) -> Knowledge:
        """Knowledge bases of Qianfan, their documents, and what a search finds in them."""
        from ernie_magic.qianfan.knowledge.group import Knowledge

        return Knowledge(self._console())

    @property
    def apps(self) -> Apps:
        """Applications that were built on Qianfan, which answer in a conversation of their own."""
        from ernie_magic.qianfan.apps.group import Apps

        return Apps(self._console(), lambda: self.conversation)

    def use_endpoint(self, name: str) -> PlatformService:
        """Make a service that was deployed on Qianfan the one that calls use which name no model:
        for chats, pictures or vectors, by its kind.

        Parameters
        ----------
        name
            The service's name, its endpoint or its id.

        Returns
        -------
        PlatformService
            As the platform describes it; with the name alone where no access key is set to ask
            with.

        Raises
        ------
        InvalidOption
            There is none, it does not serve, or the service in use has none.
        ErnieError
        """
        from ernie_magic.qianfan.services.endpoint_choice import find_endpoint

        found, setting = find_endpoint(self.client, self.services, name)
        self.settings.assign_text(setting, found.endpoint)
        return found

    @property
    def templates(self) -> Templates:
        """Prompt templates, your own in files and the service's."""
        if "_templates" not in vars(self):
            from ernie_magic.qianfan.templates.group import Templates

            # It lets one be pushed after another.
            vars(self).setdefault("_templates", Templates(cast("Asker", self)))
        return self._templates

    @property
    def tuning(self) -> Tuning:
        """Tuning of models on Qianfan: which there are, jobs and tasks, publishing."""
        if "_tuning" not in vars(self):
            from ernie_magic.qianfan.tuning.group import Tuning

            # It remembers what it has created.
            vars(self).setdefault("_tuning", Tuning(self._console()))
        return self._tuning

    @property
    def files(self) -> Files:
        """Files that the service in use keeps, to work on them."""
        from ernie_magic.qianfan.files import Files

        return Files(lambda: self.client)

    @property
    def batches(self) -> Batches:
        """Batches: many requests that the service in use answers within a day, for less."""
        from ernie_magic.qianfan.batches.group import Batches

        return Batches(lambda: self.client)

    @property
    def batch_inference(self) -> BatchInference:
        """Batch inference of Qianfan's console, whose data are on BOS."""
        from ernie_magic.qianfan.batches.inference import BatchInference

        return BatchInference(self._console())

    @property
    def datasets(self) -> Datasets:
        """Data for tuning: read and checked here, and the datasets of Qianfan's platform."""
        from ernie_magic.qianfan.datasets.group import Datasets

        return Datasets(self._console())
