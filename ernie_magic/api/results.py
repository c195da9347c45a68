"""The results of calls: typed, with a short repr and no memory addresses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, overload

from ernie_magic.api import values
from ernie_magic.api.models import is_simulated
from ernie_magic.api.public_names import SuggestsNames, names_by_use, refusing_changes
from ernie_magic.api.usage import simulated_note
from ernie_magic.errors import ProtocolError
from ernie_magic.text.data_pictures import name_pictures
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text, clip_text

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    import numpy as np
    from typing_extensions import Self

    from ernie_magic.api.answer_images import AnswerImage
    from ernie_magic.api.messages import Message
    from ernie_magic.api.requests import (
        ChatRequest,
        CompletionRequest,
        EmbeddingRequest,
        RerankRequest,
    )
    from ernie_magic.api.usage import Usage

_MAX_REPR_CHARACTERS = 40  # of a text
_CHANGE_ANSWER = Text(
    '写成 answer = answer.with_changes(text="…")；历史里的回答：'
    'ernie.history[0] = ernie.history[0].with_changes(answer="…")',
    'write answer = answer.with_changes(text="…"), in the history '
    'ernie.history[0] = ernie.history[0].with_changes(answer="…")',
)
_MAX_BODY = 4_000  # characters of an answer in an error


class Result(SuggestsNames, ABC):
    """What the result of any call has, whatever it was asked for.

    Attributes
    ----------
    partial : bool
        Stopped, or failed on the way: something is missing.
    service, model : str
    usage : Usage | None
        None when the service did not say.
    """

    # Each kind of result has them as fields at their own places, or computes them: a real property
    # here would be taken for the default of such a field.
    if TYPE_CHECKING:

        @property
        def partial(self) -> bool: ...  # noqa: D102
        @property
        def service(self) -> str: ...  # noqa: D102
        @property
        def model(self) -> str: ...  # noqa: D102
        @property
        def usage(self) -> Usage | None: ...  # noqa: D102

    def __await__(self) -> Generator[None, None, Self]:
        # Who writes `await ernie.chat(…)`, as other clients want it, has it already, and paid for.
        yield from ()
        return self

    @property
    def is_simulated(self) -> bool:
        """Whether the emulator made it, and no model."""
        return is_simulated(self.service)

    @property
    @abstractmethod
    def is_empty(self) -> bool:
        """Whether nothing was received."""

    def __dir__(self) -> list[str]:
        # What came with an answer stands before what any text has.
        own = sorted(name for name in _own_names(type(self)) if not name.startswith("_"))
        return names_by_use(super().__dir__(), [*vars(self), *own])


def _own_names(kind: type) -> set[str]:
    """Return the names that a class and those of its bases that are results define."""
    return {name for base in kind.__mro__ if issubclass(base, Result) for name in vars(base)}


@dataclass(frozen=True)
class Statistic:
    """How fast an answer arrived ("statistic" on
    https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb).

    Attributes
    ----------
    first_token_latency, total_latency : float
        Seconds from sending to the first text and to the end.
    avg_output_tokens_per_second : float
        0.0 when the tokens were not counted.
    measured : bool
        Measured here, not reported by the service.
    """

    first_token_latency: float
    total_latency: float
    avg_output_tokens_per_second: float
    measured: bool = True


class ToolRun(NamedTuple):
    """One call of a tool.

    Attributes
    ----------
    name, arguments : str
        As the model asked; `arguments` is JSON.
    content : str
        What the model receives: the result as JSON or text, or the error.
    failed : bool
    """

    name: str
    arguments: str
    content: str
    failed: bool = False


@refusing_changes(_CHANGE_ANSWER)
@dataclass(frozen=True, eq=False)
class Answer(Result, str):  # noqa: SLOT000  (a dataclass with fields)
    """The answer to a chat request. It is its text: `answer == "yes"`, `"yes" in answer`,
    `answer.strip()` and whatever else takes a text; what came with it are attributes.

    Two answers are equal when their texts are.

    Attributes
    ----------
    text : str
        Exactly what the model wrote.
    reasoning : str
        What a thinking model thought first, "" for other models.
    usage : Usage | None
        None when the service did not say.
    model : str
        The id the service reports.
    finish_reason : str
        As the service reports it: "normal" or "stop" when complete, "length", "content_filter" …;
        "" when it did not say.
    tool_calls : tuple of dict
    partial : bool
        Stopped by the user or cut off by the network, or its end was not seen: the text may not be
        the whole answer.
    sent : dict
        The fields of the first request besides model and messages, as they were sent; empty where
        that is not known.
    end_unseen : bool
        The service gave a reason to finish, and then sent neither `[DONE]` nor the end of the
        stream: more may have been to come.
    seconds : float
        Seconds from sending to the end.
    first_seconds : float | None
        Seconds from sending to the first text; None when there was none.
    id : str
        The service's id of the call.
    flag : int
        The safety flag ("flag" on https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns): 0 safe, 1 low
        risk, 2 the conversation must not continue. Higher flags leave no answer.
    ban_round : int | None
        Which round the flag is about, -1 for this one; None when the service did not say.
    is_truncated : bool
        Cut off by the length limit.
    search : tuple of dict
        What the answer was made from, each once: the pages that a web search found (`title`,
        `url` …), as the service tells them.
    tool_runs : tuple of ToolRun
        Tools that were called for this answer.
    images : tuple of AnswerImage
        Pictures that the model sent, each with its `content` or its `url`.
    files : tuple of str
        Links of other files that an application made: documents, audio, video. They expire.
    sent_back : dict
        Fields of the service's own, such as `reasoning_content`, that it expects back with the
        results of tools: `messages` has them where there are `tool_calls`.
    history_cleared : bool
        The service asked for the history to be cleared, and it was.
    service : str
        The name of the service that answered ("emulator" when simulated).
    request : ChatRequest | CompletionRequest
        The request.
    raw : dict
        The service's reply as it came, but for keys; a stream's chunks are merged into one body.
    """

    text: str
    request: ChatRequest | CompletionRequest = field(repr=False)
    reasoning: str = ""
    usage: Usage | None = None
    model: str = ""
    finish_reason: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    partial: bool = False
    seconds: float = 0.0
    first_seconds: float | None = None
    id: str = ""
    flag: int = 0
    ban_round: int | None = None
    is_truncated: bool = False
    search: tuple[Mapping[str, Any], ...] = ()
    tool_runs: tuple[ToolRun, ...] = ()
    history_cleared: bool = False
    service: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    end_unseen: bool = False
    sent: Mapping[str, Any] = field(default_factory=dict, repr=False)
    images: tuple[AnswerImage, ...] = ()
    sent_back: Mapping[str, Any] = field(default_factory=dict, repr=False)
    files: tuple[str, ...] = ()

    # The fields of OpenAI's and LangChain's answers among them.
    _meant_by: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("content", "message", "choices", "output", "output_text"), "text"),
        **dict.fromkeys(("tokens", "total_tokens", "token_usage", "usage_metadata"), "usage"),
        **dict.fromkeys(("reasoning_content", "thinking", "thoughts"), "reasoning"),
        **dict.fromkeys(("time", "duration", "elapsed", "latency"), "seconds"),
        **dict.fromkeys(("parsed", "to_json", "as_json"), "json()"),
    }

    def __new__(cls, text: str, *_: Any, **__: Any) -> Answer:  # noqa: D102, PYI034
        return super().__new__(cls, text)

    def with_changes(self, **changes: Any) -> Answer:
        """Return the answer with other values in these fields, as `dataclasses.replace` would."""
        return Answer(**{**vars(self), **changes})

    @property
    def is_empty(self) -> bool:
        """Whether there is neither text nor reasoning, nor a picture or another file."""
        return not (self.text or self.reasoning or self.images or self.files)

    @property
    def statistic(self) -> Statistic:
        """Speed: the service's own figures where it gives them, else as measured here."""
        reported = values.as_object(self.raw.get("statistic"))
        total = values.as_seconds(reported.get("total_latency"))
        if not total:
            rate = 0.0
            if self.usage and self.seconds:
                rate = self.usage.completion_tokens / self.seconds
            return Statistic(self.first_seconds or 0.0, self.seconds, rate)
        first, rate = (
            values.as_seconds(reported.get(name)) or 0.0
            for name in ("first_token_latency", "avg_output_tokens_per_second")
        )
        return Statistic(first, total, rate, measured=False)

    @property
    def messages(self) -> list[Message]:
        """The messages sent and the answer, ready to be followed by a tool's result or the next
        prompt; with words in the place of pictures that the text holds itself.
        """
        reply: Message = {"role": "assistant", "content": name_pictures(self.text)}
        if self.tool_calls:
            reply["tool_calls"] = list(self.tool_calls)
            reply.update(self.sent_back)
        return [*self.request.messages, reply]

    def json(self) -> Any:
        """Return the JSON value that the text is or contains, in a fence or among words.

        Raises
        ------
        ProtocolError
            There is none.
        """
        from ernie_magic.text.json_text import find_json

        try:
            return find_json(self.text)
        except ValueError:
            raise _not_json_error(self) from None

    def __str__(self) -> str:
        return self.text

    def _python_value_(self) -> str:
        # The base64 of pictures in it would be paid for as text.
        return name_pictures(self.text)

    @printable
    def __repr__(self) -> str:
        # All of the text: an f-string writes a list of answers so, perhaps into the next prompt.
        facts = [repr(name_pictures(self.text)), f"model={self.model!r}"]
        if self.usage:
            facts.append(f"tokens={self.usage.total_tokens}")
        if self.partial:
            facts.append("partial=True")
        return f"Answer({', '.join(facts)}{simulated_note(self.service)})"

    def _repr_html_(self) -> str:
        from ernie_magic.text.markdown import to_html

        return to_html(self.text)


# It is a text to whoever looks: polars and pandas take the fields of a dataclass apart, and polars
# never ends with one that is a text.
del Answer.__dataclass_fields__


_ASK_FOR_JSON = Text(
    "用 response_format 要求 JSON（--response-format json_object），或在提示词里写明",
    "ask for JSON by response_format (--response-format json_object), or in the prompt",
)
_ASK_AGAIN = Text(
    "再问一次，或在提示词里写明要怎样的 JSON；原文在 answer.text 里",
    "ask again, or say in the prompt what JSON is meant; the words are in answer.text",
)
_CUT_OFF = Text(
    "回答没有写完：放宽输出长度的上限再问",
    "the answer was cut off: allow a longer output and ask again",
)


def _not_json_error(answer: Answer) -> ProtocolError:
    """Return the error for an answer that was read as JSON."""
    advice = _ASK_FOR_JSON
    if answer.request.parameters.get("response_format"):
        advice = _ASK_AGAIN
    if answer.partial:
        advice = _CUT_OFF
    return ProtocolError(
        Text("回答不是 JSON：{text}", "the answer is not JSON: {text}").fill(
            text=repr(clip_text(answer.text, _MAX_REPR_CHARACTERS))
        ),
        advice=advice,
        body=answer.text[:_MAX_BODY],
    )


@dataclass(frozen=True, repr=False, eq=False)
class Embeddings(Result):
    """Vectors of texts, in the texts' order. `np.asarray(embeddings)` is the array; `embeddings[3]`
    a row, a slice a part of it.

    Attributes
    ----------
    texts : tuple of str
        As given, or what was sent of them (`invalid="truncate"`).
    vectors : numpy.ndarray
        Of shape (texts, dimensions) and dtype float32; a skipped text has a row of NaN.
    request : EmbeddingRequest
    usage : Usage
        Of this call; vectors that were already known cost nothing.
    model, service : str
    asked : int
        Texts sent to the service; the others were already known, or equal to one that was sent.
    partial : bool
        A call failed or was stopped: rows of NaN are missing.
    """

    texts: tuple[str, ...]
    vectors: np.ndarray
    request: EmbeddingRequest
    usage: Usage
    model: str = ""
    service: str = ""
    asked: int = 0
    partial: bool = False

    _meant_by: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("array", "data", "embedding", "embeddings", "tolist", "values"), "vectors"
    )

    _python_value_: ClassVar[None] = None

    @property
    def is_empty(self) -> bool:
        """Whether there are no texts."""
        return not self.texts

    @property
    def shape(self) -> tuple[int, int]:
        """The number of texts and of dimensions."""
        rows, columns = self.vectors.shape
        return rows, columns

    def known(self) -> Embeddings:
        """Those that have a vector, without the rows of NaN."""
        import numpy as np

        good = np.isfinite(self.vectors).all(axis=1) & (self.shape[1] > 0)
        return replace(
            self,
            texts=tuple(text for text, has in zip(self.texts, good, strict=True) if has),
            vectors=self.vectors[good],
        )

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame: one row per text, which is its index, and one column per
        dimension.
        """
        import pandas as pd

        return pd.DataFrame(self.vectors, index=pd.Index(self.texts, name="text"))

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, index: slice) -> Embeddings: ...
    def __getitem__(self, index: int | slice) -> np.ndarray | Embeddings:
        if isinstance(index, slice):
            return replace(self, texts=self.texts[index], vectors=self.vectors[index])
        row: np.ndarray = self.vectors[index]
        return row

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        import numpy as np

        if copy:
            return np.array(self.vectors, dtype=dtype)
        return np.asarray(self.vectors, dtype=dtype)

    @printable
    def __repr__(self) -> str:
        facts = [
            f"{len(self)} x {self.shape[1]}",
            f"model={self.model!r}",
            f"tokens={self.usage.total_tokens}",
        ]
        if self.partial:
            facts.append("partial=True")
        return f"Embeddings({', '.join(facts)}{simulated_note(self.service)})"


@dataclass(frozen=True)
class Ranked:
    """A document and how well it answers.

    Attributes
    ----------
    document : str
    score : float
    index : int
        Its position in the list that was sent.
    """

    document: str
    score: float
    index: int

    def _python_value_(self) -> str:
        return self.document


@dataclass(frozen=True)
class Ranking(Result):
    """Documents, the best first.

    Attributes
    ----------
    results : tuple of Ranked
    usage : Usage
    model, service : str
    request : RerankRequest
    unscored : tuple of int
        Indices of the documents that the service named without a score; they are not in `results`.
    """

    results: tuple[Ranked, ...]
    request: RerankRequest = field(repr=False)
    usage: Usage
    model: str = ""
    service: str = ""
    unscored: tuple[int, ...] = ()

    @property
    def partial(self) -> bool:
        """Always False: a ranking comes whole, or not at all."""
        return False

    def _python_value_(self) -> list[str]:
        return [ranked.document for ranked in self.results]

    @property
    def is_empty(self) -> bool:
        """Whether no document was ranked."""
        return not self.results

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, index: int) -> Ranked:
        return self.results[index]
