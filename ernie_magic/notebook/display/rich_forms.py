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
from ernie_magic.notebook.display.datasets import dataset_table, samples_table
from ernie_magic.notebook.display.html_table import Table, clip_to_line
from ernie_magic.notebook.display.knowledge_tables import (
    apps_table,
    bases_table,
    documents_table,
    passages_table,
)
from ernie_magic.notebook.display.services_table import (
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
from ernie_magic.text.language import Text, counted
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from ernie_magic.session import Session

_SHOWN_PICTURES = 24
_SETS = counted("次", "call")
_PICTURES = counted("张图片", "picture")
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


def _conversations(value: Any, session: Session) -> Form:
    return _table_form(conversations_table(value, session.settings.interface_language))


def _conversation(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    turns = list(enumerate(value.history, start=1))
    note = f"{value.name}: {TURNS.say(language, len(turns))}"
    return _table_form(history_table(turns, note, language))


def _images(value: Any, session: Session) -> Form:
    """The last pictures, small, with their seeds."""
    language = session.settings.interface_language
    pictures = [picture for images in value for picture in images]
    if not pictures:
        return Form(f"<small>{_EMPTY_IMAGES.say(language)}</small>", _EMPTY_IMAGES.say(language))
    shown = pictures[-_SHOWN_PICTURES:]
    line = f"{_SETS.say(language, len(value))} · {_PICTURES.say(language, len(pictures))}"
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
    return Form(data["text/html"], repr(value))


def _embeddings(value: Any, session: Session) -> Form:
    data, _ = embeddings_display.mime_bundle(value, session.settings.interface_language)
    return Form(data["text/html"], repr(value))


def _mapped(value: Any, session: Session) -> Form:
    data, _ = tables_display.mime_bundle(value, session.settings.interface_language)
    return Form(data["text/html"], data["text/plain"])


def _ranking(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    headers = {"zh": ["#", "得分", "文本"], "en": ["#", "score", "document"]}
    caption = value.model
    if value.is_simulated:
        caption += f" · {answers_display.EMULATED.say(language)}"
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


def _templates(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    return _table_form(templates_display.templates_table(value, language))


def _stored_templates(value: Any, session: Session) -> Form:
    return _templates(value.list(), session)


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


def _services(value: Any, session: Session) -> Form:
    return _table_form(services_table(value, session.settings.interface_language))


def _service(value: Any, session: Session) -> Form:
    return _table_form(service_table(value, session.settings.interface_language))


def _own_models(value: Any, session: Session) -> Form:
    return _table_form(own_models_table(value, session.settings.interface_language))


def _dataset(value: Any, session: Session) -> Form:
    return _table_form(samples_table(value, session.settings.interface_language))


def _dataset_record(value: Any, session: Session) -> Form:
    return _table_form(dataset_table(value, session.settings.interface_language))


def _tunable_models(value: Any, session: Session) -> Form:
    return _table_form(tuning_display.models_table(value, session.settings.interface_language))


def _tuning_plan(value: Any, session: Session) -> Form:
    return _table_form(tuning_display.plan_table(value, session.settings.interface_language))


def _tuning_jobs(value: Any, session: Session) -> Form:
    return _table_form(tuning_display.jobs_table(value, session.settings.interface_language))


def _tuning_tasks(value: Any, session: Session) -> Form:
    return _table_form(tuning_display.tasks_table(value, session.settings.interface_language))


def _tuning_overview(value: Any, session: Session) -> Form:
    return _table_form(tuning_display.overview_table(value, session.settings.interface_language))


def _tuning_task(value: Any, session: Session) -> Form:
    language = session.settings.interface_language
    return Form(
        tuning_display.task_html(value, language),
        tuning_display.task_text(value, language),
    )


def _published_model(value: Any, session: Session) -> Form:
    return _table_form(tuning_display.published_table(value, session.settings.interface_language))


def _knowledge_bases(value: Any, session: Session) -> Form:
    return _table_form(bases_table(value, session.settings.interface_language))


def _documents(value: Any, session: Session) -> Form:
    return _table_form(documents_table(value, session.settings.interface_language))


def _passages(value: Any, session: Session) -> Form:
    return _table_form(passages_table(value, session.settings.interface_language))


def _apps(value: Any, session: Session) -> Form:
    return _table_form(apps_table(value, session.settings.interface_language))


_MAKERS = {
    "Session": _session,
    "History": _history,
    "Turn": _turn,
    "UsageLog": _usage,
    "ErnieSettings": _settings,
    "ModelList": _models,
    "Conversations": _conversations,
    "Dataset": _dataset,
    "DatasetRecord": _dataset_record,
    "Conversation": _conversation,
    "ImageSets": _images,
    "Answer": _answer,
    "Embeddings": _embeddings,
    "Mapped": _mapped,
    "Ranking": _ranking,
    "PromptTemplate": _template,
    "TemplateList": _templates,
    "Templates": _stored_templates,
    "Optimized": _optimized,
    "Evaluation": _evaluation,
    "OwnModels": _own_models,
    "PlatformService": _service,
    "ServiceList": _services,
    "TunableModels": _tunable_models,
    "TuningPlan": _tuning_plan,
    "TuningJobs": _tuning_jobs,
    "TuningTasks": _tuning_tasks,
    "TuningOverview": _tuning_overview,
    "TuningTask": _tuning_task,
    "PublishedModel": _published_model,
    "KnowledgeBase": lambda value, session: _knowledge_bases([value], session),
    "KnowledgeBaseList": _knowledge_bases,
    "Document": lambda value, session: _documents([value], session),
    "DocumentList": _documents,
    "Passage": lambda value, session: _passages([value], session),
    "PassageList": _passages,
    "App": lambda value, session: _apps([value], session),
    "AppList": _apps,
}
