"""How the session and what it holds appear when a cell shows them: `ernie`, `ernie.history`,
`ernie.usage`, `ernie.settings`, `ernie.models()`, `ernie.conversations`, `ernie.images`, an answer.

IPython is told the types by name (`register_rich_forms`), and asks for a form when it shows one: the
core knows nothing of pages, and loading the extension imports none of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ernie_magic.api.models import is_simulated
from ernie_magic.calls.chat.history import TURNS
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display import chat as answers_display
from ernie_magic.notebook.display import embeddings as embeddings_display
from ernie_magic.notebook.display import images as images_display
from ernie_magic.notebook.display import tables as tables_display
from ernie_magic.notebook.display import templates as templates_display
from ernie_magic.notebook.display import tuning as tuning_display
from ernie_magic.notebook.display.batches import (
    batches_table,
    files_table,
    inference_table,
    results_table,
)
from ernie_magic.notebook.display.datasets import dataset_table, datasets_table, samples_table
from ernie_magic.notebook.display.html_table import Table, clip_to_line
from ernie_magic.notebook.display.knowledge import (
    apps_table,
    bases_table,
    documents_table,
    passages_table,
)
from ernie_magic.notebook.display.origin import EMULATED
from ernie_magic.notebook.display.services import (
    own_models_table,
    service_table,
    services_table,
)
from ernie_magic.notebook.display.session_tables import (
    conversations_table,
    describe_spent,
    history_table,
    models_table,
    usage_table,
)
from ernie_magic.notebook.display.settings_table import settings_table
from ernie_magic.text.counts import PICTURES, TOKENS
from ernie_magic.text.language import Text, counted
from ernie_magic.text.sanitize import plain_html
from ernie_magic.text.tokens import RULE
from ernie_magic.text.visible import make_controls_visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.session import Session
from ernie_magic.text.language import Language

_SHOWN_PICTURES = 24
_SETS = counted("次", "call")
_LAST_SHOWN = Text("，显示最后 {n} 张", ", the last {n} shown")
_EMPTY_IMAGES = Text("还没有图片：%%ernie_image", "no pictures yet: %%ernie_image")
_DOCUMENT = 80  # characters of a ranked document


class Form(NamedTuple):
    """What is shown of a value.

    Attributes
    ----------
    html, text : str
    """

    html: str
    text: str


def make_form(value: Any, session: Session) -> Form:
    """What is shown of a value of a type that the extension registers."""
    return _MAKERS[_name_of(type(value))](value, session)


def _name_of(shown: type) -> str:
    """The name, in `_MAKERS`, of a type or of the one that it is derived from."""
    return next(each.__name__ for each in shown.__mro__ if each.__name__ in _MAKERS)


def _table_form(table: Table) -> Form:
    return Form(table._repr_html_(), repr(table))


def _session(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    settings = value.settings
    try:
        service = settings.choose_service()
    except ErnieError as error:  # a `.env` that cannot be read
        line = error.line(language)
        return Form(plain_html(line), line)
    turns = sum(len(conversation.history) for conversation in value.conversations.values())
    conversations = ", ".join(value.conversations) or "–"
    model = settings_table(settings, language, value.listed_models(), ["model"]).rows[0][1]
    rows = [
        [Text("服务", "service").say(language), service.label.say(language)],
        [Text("模型", "model").say(language), model],
        [
            Text("对话", "conversations").say(language),
            f"{conversations} · {TURNS.say(language, turns)}",
        ],
        [Text("用量", "usage").say(language), describe_spent(value.usage.total, language)],
    ]
    if is_simulated(service.name):
        rows[0][1] += f" · {_NO_KEY.say(language)}"
    headers = {"zh": ["会话", ""], "en": ["session", ""]}
    note = Text("%ernie 列出能做什么", "%ernie lists what there is")
    return _table_form(Table(headers[language], rows, note.say(language)))


_NO_KEY = Text(
    "非真实模型；%ernie doctor 说明怎样设置密钥",
    "no real model; %ernie doctor says how to set a key",
)


def _history(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    turns = list(enumerate(value, start=1))
    return _table_form(history_table(turns, TURNS.say(language, len(turns)), language))


def _turn(value: Any, session: Session) -> Form:
    return _table_form(history_table([(1, value)], "", session.settings.interface_language))


def _usage(value: Any, session: Session) -> Form:
    return _table_form(usage_table(value, session, session.settings.interface_language))


def _settings(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    return _table_form(settings_table(value, language, session.listed_models()))


def _models(value: Any, session: Session) -> Form:
    return _table_form(models_table(value, session, session.settings.interface_language))


_CONVERSATION = Text("{name}：{turns}", "{name}: {turns}")


def _conversation(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    turns = list(enumerate(value.history, start=1))
    turns_said = TURNS.say(language, len(turns))
    note = _CONVERSATION.say(language, name=value.name, turns=turns_said)
    return _table_form(history_table(turns, note, language))


def _images(value: Any, session: Session) -> Form:
    """The last pictures, small, with their seeds."""
    language = session.settings.interface_language
    pictures = [picture for images in value for picture in images]
    if not pictures:
        return Form(f"<small>{_EMPTY_IMAGES.say(language)}</small>", _EMPTY_IMAGES.say(language))
    shown = pictures[-_SHOWN_PICTURES:]
    line = f"{_SETS.say(language, len(value))} · {PICTURES.say(language, len(pictures))}"
    if len(shown) < len(pictures):
        line += _LAST_SHOWN.say(language, n=len(shown))
    html = f"{images_display.gallery_html(shown, language)}<p><small>{line}</small></p>"
    words = [
        f"[{number}] {images_display.summary_line(images, language)} · "
        f"{clip_to_line(images.prompt, _DOCUMENT)}"
        for number, images in enumerate(value)
    ]
    return Form(html, "\n".join([*words, line]))


def _answer(value: Any, session: Session) -> Form:
    settings = session.settings
    data, _ = answers_display.mime_bundle(
        value, settings.interface_language, remote_images=settings.remote_images
    )
    return Form(data["text/html"], make_controls_visible(data["text/plain"]))


def _embeddings(value: Any, session: Session) -> Form:
    data, _ = embeddings_display.mime_bundle(value, session.settings.interface_language)
    return Form(data["text/html"], repr(value))


def _mapped(value: Any, session: Session) -> Form:
    data, _ = tables_display.mime_bundle(value, session.settings.interface_language)
    return Form(data["text/html"], data["text/plain"])


_ESTIMATED = Text("{tokens}，{rule}", "{tokens}, {rule}")
_COUNTED = Text("{tokens}（{model}）", "{tokens} ({model})")


def _token_count(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    tokens = TOKENS.say(language, value.tokens)
    if value.estimated:
        line = _ESTIMATED.fill(tokens=tokens, rule=RULE).say(language)
    else:
        line = _COUNTED.say(language, tokens=tokens, model=value.model)
    if value.simulated:
        line += f" · {EMULATED.say(language)}"
    return Form(plain_html(line), line)


_UNSCORED = Text("服务没有给这些文本打分：{indices}", "the service gave no score to: {indices}")


def _ranking(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    headers = {"zh": ["#", "得分", "文本"], "en": ["#", "score", "document"]}
    caption = value.model
    if value.is_simulated:
        caption += f" · {EMULATED.say(language)}"
    if value.unscored:
        indices = ", ".join(map(str, value.unscored))
        caption += f" · {_UNSCORED.fill(indices=indices).say(language)}"
    rows = [
        [str(ranked.index), f"{ranked.score:.3f}", clip_to_line(ranked.document, _DOCUMENT)]
        for ranked in value
    ]
    return _table_form(Table(headers[language], rows, caption))


def _template(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    return Form(
        templates_display.template_table(value, language)._repr_html_(),
        templates_display.template_text(value, language),
    )


def _stored_templates(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    return _table_form(templates_display.templates_table(value.list(), language))


def _optimized(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    return Form(
        templates_display.optimized_html(value, language),
        templates_display.optimized_text(value, language),
    )


def _evaluation(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    return Form(
        templates_display.evaluation_html(value, language),
        templates_display.evaluation_text(value, language),
    )


def _tuning_task(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    return Form(
        tuning_display.task_html(value, language),
        tuning_display.task_text(value, language),
    )


def _as_table(make_table: Callable[[Any, Language], Table]) -> Callable[[Any, Session], Form]:
    """What shows a value as the table that is made of it."""

    def make(value: Any, session: Session) -> Form:
        return _table_form(make_table(value, session.settings.interface_language))

    return make


def _as_row(make_table: Callable[[Any, Language], Table]) -> Callable[[Any, Session], Form]:
    """What shows a value as the only row of the table that is made of several."""
    return _as_table(lambda value, language: make_table([value], language))


_MAKERS = {
    "Session": _session,
    "History": _history,
    "Turn": _turn,
    "UsageLog": _usage,
    "ErnieSettings": _settings,
    "ModelList": _models,
    "Conversations": _as_table(conversations_table),
    "Conversation": _conversation,
    "ImageSets": _images,
    "Answer": _answer,
    "Embeddings": _embeddings,
    "Mapped": _mapped,
    "Ranking": _ranking,
    "TokenCount": _token_count,
    "PromptTemplate": _template,
    "TemplateList": _as_table(templates_display.templates_table),
    "Templates": _stored_templates,
    "Optimized": _optimized,
    "Evaluation": _evaluation,
    "PlatformService": _as_table(service_table),
    "ServiceList": _as_table(services_table),
    "OwnModels": _as_table(own_models_table),
    "KnowledgeBase": _as_row(bases_table),
    "KnowledgeBaseList": _as_table(bases_table),
    "Document": _as_row(documents_table),
    "DocumentList": _as_table(documents_table),
    "Passage": _as_row(passages_table),
    "PassageList": _as_table(passages_table),
    "App": _as_row(apps_table),
    "AppList": _as_table(apps_table),
    "Dataset": _as_table(samples_table),
    "DatasetRecord": _as_table(dataset_table),
    "DatasetList": _as_table(datasets_table),
    "TunableModels": _as_table(tuning_display.models_table),
    "TuningPlan": _as_table(tuning_display.plan_table),
    "TuningJobs": _as_table(tuning_display.jobs_table),
    "TuningTask": _tuning_task,
    "TuningTasks": _as_table(tuning_display.tasks_table),
    "TuningOverview": _as_table(tuning_display.overview_table),
    "PublishedModel": _as_table(tuning_display.published_table),
    "Batch": _as_row(batches_table),
    "BatchList": _as_table(batches_table),
    "BatchResults": _as_table(results_table),
    "StoredFile": _as_row(files_table),
    "StoredFiles": _as_table(files_table),
    "InferenceTask": _as_row(inference_table),
    "InferenceTasks": _as_table(inference_table),
}
