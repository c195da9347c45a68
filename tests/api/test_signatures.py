"""What Python shows of a call is what the parameter table says."""

import inspect
import pydoc
import re

import pytest

from ernie_magic.api import keywords
from ernie_magic.api.parameters import parameters_of
from ernie_magic.api.signatures import explained, keyword_arguments, table_parameters
from ernie_magic.calls.chat.conversation import Conversation
from ernie_magic.calls.chat.history import History
from ernie_magic.config.settings import SESSION_PARAMETERS, ErnieSettings
from ernie_magic.errors import InvalidOption
from ernie_magic.session import Session

# By the keywords' class, the calls that take them.
CALLS = {
    "ChatArguments": [(Session, "chat", "stream"), (Conversation, "regenerate", "ask_again")],
    "ChatParameters": [(Conversation, "chat", "stream"), (Session, "map", "begin_map")],
    "CompletionParameters": [(Session, "complete", "stream_completion")],
    "EmbeddingParameters": [(Session, "embed", "begin_embed")],
    "ImageArguments": [(Session, "redo", "begin_redo"), (Session, "vary", "begin_vary")],
    "ImageParameters": [(Session, "image", "begin_image")],
    "RerankParameters": [(Session, "rerank", "begin_rerank")],
}
FORMS = [
    pytest.param(group, [getattr(owner, form) for form in (name, f"a{name}", begin)], id=name)
    for group, calls in CALLS.items()
    for owner, name, begin in calls
    if name != "regenerate"
]


@pytest.mark.parametrize("group", CALLS)
def test_a_type_checker_knows_the_names_and_types_of_the_table(group):
    typed = {
        name: getattr(kind, "__forward_arg__", kind)
        for name, kind in getattr(keywords, group).__annotations__.items()
    }
    shown = {argument.name: argument.annotation for argument in keyword_arguments(group)}
    assert typed == shown
    assert {parameter.name for parameter in table_parameters(group)} <= typed.keys()


@pytest.mark.parametrize(("group", "forms"), FORMS)
def test_signature_and_documentation_have_each_parameter_of_the_table(group, forms):
    for call in forms:
        shown = inspect.signature(call).parameters
        assert not [face for face in shown.values() if face.kind is inspect.Parameter.VAR_KEYWORD]
        section = inspect.getdoc(call).partition("Parameters\n----------\n")[2].split("\n\n")[0]
        headers = re.findall(r"^(\S.*)$", section, re.MULTILINE)
        named = [name for each in headers for name in each.partition(" : ")[0].split(", ")]
        assert named == [name for name in shown if name != "self"]
        for parameter in table_parameters(group):
            face = shown[parameter.name]
            assert face.kind is inspect.Parameter.KEYWORD_ONLY
            assert face.default is None
            assert face.annotation == f"{parameter.annotation} | None"
            header = next(each for each in headers if each.startswith(f"{parameter.name} : "))
            assert parameter.annotation in header
            assert parameter.format_range() in header


def test_a_session_s_chat_takes_what_a_conversation_s_takes():
    for form in ("chat", "achat", "stream"):
        taken = [
            [(each.name, each.kind, each.default) for each in shown.parameters.values()]
            for shown in map(
                inspect.signature, (getattr(Session, form), getattr(Conversation, form))
            )
        ]
        assert taken[0] == taken[1]
    again = inspect.signature(Conversation.regenerate).parameters
    assert list(again) == [name for name, *_ in taken[0] if name != "prompt"]


def test_every_parameter_that_is_offered_is_known_to_the_call():
    session = Session(
        service="aistudio", base_url="http://127.0.0.1:9/v1", api_key="k", language="en"
    )
    beginnings = {
        "CompletionParameters": lambda given: session.stream_completion("x", **given),
        "ChatArguments": lambda given: session.stream("x", **given),
        "ChatParameters": lambda given: session.begin_map("{{a}}", [{"a": 1}], **given),
        "EmbeddingParameters": lambda given: session.begin_embed("x", **given),
        "ImageParameters": lambda given: session.begin_image("x", **given),
        "RerankParameters": lambda given: session.begin_rerank("x", ["y"], **given),
    }
    for group, begin in beginnings.items():
        for parameter in table_parameters(group):
            with pytest.raises(InvalidOption) as error:
                begin({parameter.name: object()})
            assert "no option" not in str(error.value)
        with pytest.raises(InvalidOption, match=r"no option temperatur\b"):
            begin({"temperatur": 0.3})


def own_arguments(call, group):
    """What a call writes out beside what it is about."""
    parameters = {parameter.name for parameter in table_parameters(group)}
    return {
        face.name
        for face in inspect.signature(call).parameters.values()
        if face.kind is inspect.Parameter.KEYWORD_ONLY and face.name not in parameters
    }


@pytest.mark.parametrize(
    ("call", "form", "group"),
    [
        ("chat", Session.stream, "ChatArguments"),
        ("completion", Session.stream_completion, "CompletionParameters"),
        ("embedding", Session.begin_embed, "EmbeddingParameters"),
        ("image", Session.begin_image, "ImageParameters"),
        ("map", Session.begin_map, "ChatParameters"),
        ("rerank", Session.begin_rerank, "RerankParameters"),
    ],
)
def test_what_is_suggested_for_a_misspelled_name_is_what_the_call_takes(call, form, group):
    assert set(keywords.OPTIONS_BY_CALL[call]) == own_arguments(form, group)


WRONG = {
    "model": [5, ["x"], b"x", {"a": 1}, object(), True],
    "system": [5, ("x",), {"a": 1}],
    "endpoint": [5, ["x"], 1.5],
    "stream": [1, "yes", []],
    "extra": ["x", ["x"], 5, b"x", {"x"}],
}


@pytest.mark.parametrize(
    ("argument", "value"),
    [(argument, value) for argument, values in WRONG.items() for value in values],
)
def test_an_argument_of_a_wrong_type_is_one_line_in_every_call(argument, value):
    session = Session(
        service="aistudio", base_url="http://127.0.0.1:9/v1", api_key="k", language="en"
    )
    beginnings = {
        "chat": lambda **given: session.stream("x", **given),
        "completion": lambda **given: session.stream_completion("x", **given),
        "embedding": lambda **given: session.begin_embed("x", **given),
        "image": lambda **given: session.begin_image("x", **given),
        "map": lambda **given: session.begin_map("x", ["y"], **given),
        "rerank": lambda **given: session.begin_rerank("x", ["y"], **given),
    }
    for call, begin in beginnings.items():
        if argument in keywords.OPTIONS_BY_CALL[call]:
            with pytest.raises(InvalidOption, match=f"^{argument} cannot be "):
                begin(**{argument: value})
    if argument == "model":
        with pytest.raises(InvalidOption, match=r"^model cannot be "):
            session.begin_count_tokens("x", model=value)


def test_a_session_is_made_with_each_of_the_settings_by_name():
    traits = ErnieSettings.class_traits(config=True)
    shown = inspect.signature(Session).parameters
    assert shown.keys() - {"settings"} == traits.keys()
    for name in (*SESSION_PARAMETERS, "retry_count", "request_timeout", "backoff_factor"):
        annotation = parameters_of("chat")[name].annotation
        assert shown[name].annotation == f"{annotation} | None"
    assert str(shown["model"]) == "model: str = ..."


def test_each_public_call_explains_itself_and_sends_its_reader_to_no_other():
    for owner in (Session, Conversation, History):
        for name, value in vars(owner).items():
            if name.startswith("_") or not inspect.isfunction(value):
                continue
            text = inspect.getdoc(value)
            assert text, name
            assert not re.search(r"\bAs in `|[;.,] [Ss]ee `|\bsame arguments\b", text), name


def test_help_shows_types_without_quotes_and_ranges():
    text = pydoc.plain(pydoc.render_doc(Session.chat))
    assert "temperature: float | None = None" in text
    assert "temperature : float in (0.0, 1.0]; 0.95 by default" in text
    assert ") -> Answer\n" in text


def test_a_call_without_a_docstring_stays_as_it_is():
    """`python -OO` takes all of them away, and the package loads."""

    def call(self, nobody_explains_this):
        return nobody_explains_this

    assert explained(call) is call
    assert call.__doc__ is None
