"""The error tree. Each error is one line in the user's language: what happened, its likely cause,
what to do.

    ErnieError
    ├── UsageError                 found here, before anything was sent
    │   ├── InvalidOption          an option or parameter: unknown, ill-formed or out of range
    │   │   └── InvalidDataset     data for tuning with faults; each is in `.faults`, with its line
    │   ├── InvalidMessages        an empty prompt, roles in the wrong order
    │   ├── ConversationLocked     the service has blocked this conversation; reset it
    │   ├── InvalidExpression      {{expr}} that is not Python, or that failed
    │   ├── UnknownAttribute       `answer.txt`; an AttributeError, too
    │   ├── OutOfRange             `cats[5]` of two pictures; an IndexError, too
    │   ├── WrongArguments         `ernie.chat()`; a TypeError, too
    │   ├── NotTransferable        `pickle.dumps(ernie)`; a TypeError, too
    │   ├── MissingKey             the service needs a key and none is set
    │   └── NotConfirmed           it costs, or deletes for good, and was not confirmed: `.plan`
    ├── TransportError             the service was not reached, or the connection was lost
    │   ├── ServiceUnreachable
    │   ├── RequestTimeout
    │   ├── IncompleteAnswer       cut off; the received part is in `.answer`
    │   └── OutcomeUnknown         what was to be created may exist: the reply was lost
    ├── Stopped                    an interrupt, raised in a separate task (see `Interrupted`)
    ├── RowsFailed                 no row of a table has an answer; `.answer` has the table
    ├── ProtocolError              the reply is not what the API says (HTML, an empty stream)
    └── ServiceError               the service refused: `.status .code .message .request_id .body`
        ├── BadRequest
        │   ├── MessagesRefused
        │   ├── InputTooLong
        │   └── ModelNotFound
        ├── AuthenticationFailed   the key
        ├── PermissionDenied       the key is valid, but not for this
        ├── QuotaExhausted
        ├── UnsafeRequest          refused by content review
        ├── AnswerWithdrawn        the answer failed content review: it is not kept
        ├── RateLimited
        └── ServerError

`Interrupted` is a KeyboardInterrupt, not an ErnieError: "Run all" must halt on it, and `except
Exception` must not eat it.
"""

from __future__ import annotations

import traceback
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ernie_magic.text.encodings import printable
from ernie_magic.text.escape_codes import takes_escape_codes
from ernie_magic.text.language import LANGUAGES, Language, Text, clip_text, system_language

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ernie_magic.api.usage import Usage

_CAUSE = Text("可能原因：", "Likely cause: ")
_ADVICE = Text("怎么办：", "What to do: ")
_PACKAGE = str(PurePath(__file__).parent)
_ADVICES = Text("{first}；{more}", "{first}; {more}")
_MAX_MESSAGE_CHARACTERS = 200
_REQUEST = Text("请求编号 {id}", "request id {id}")


def _one_line(text: str) -> str:
    """Return a text as one line; control characters, which a server may have sent, are made
    visible.
    """
    from ernie_magic.text.visible import make_controls_visible

    return make_controls_visible(" ".join(text.splitlines())).replace("\t", " ")


def _close_sentence(text: str, stop: str) -> str:
    sentence = " ".join(text.split())
    if sentence.endswith(("。", ".", "!", "?", "！", "？")):
        return sentence
    return sentence + stop


def forget_frames(error: BaseException, *, ours_only: bool = False) -> None:
    """Clear the local variables of all frames that an error, and those it chains, passed through:
    one of them may hold a key.

    The lines stay, for whoever looks for the cause. Frames that are still running are left alone
    (`frame.clear`).

    Parameters
    ----------
    ours_only
        Set when a user's own functions are among them, whose variables a debugger may be asked for.
    """
    left: list[BaseException | None] = [error]
    seen: set[int] = set()
    while left:
        current = left.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        for frame, _ in traceback.walk_tb(current.__traceback__):
            if not ours_only or frame.f_code.co_filename.startswith(_PACKAGE):
                with suppress(RuntimeError):
                    frame.clear()
        left += [current.__cause__, current.__context__, *getattr(current, "exceptions", ())]


def unexpected_error(error: Exception) -> ErnieError:
    """Turn any other exception into an error of this tree: its message and where it was raised,
    without the objects that it holds.
    """
    raised = traceback.extract_tb(error.__traceback__)[-1:]
    source_line = "".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in raised)
    message = clip_text(_one_line(exception_message(error)), _MAX_MESSAGE_CHARACTERS)
    return ErnieError(
        Text("内部出错：{kind} {said}（{line}）", "unexpected {kind} {said} ({line})").fill(
            kind=type(error).__name__, said=message, line=source_line
        ),
        advice=Text(
            "再试一次；总是这样的话，请把这一行报告给我们",
            "try again; if it keeps happening, please report this line",
        ),
    )


def exception_message(error: BaseException) -> str:
    """Return an exception's message; a user's own exception may fail to give one."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (whatever its own `__str__` raises)
        return ""


@runtime_checkable
class Received(Protocol):
    """What a call received before it failed or was stopped: the `ernie_magic.api.results.Result` of
    that call.
    """

    @property
    def partial(self) -> bool:
        """Whether something is missing."""

    @property
    def service(self) -> str:
        """The name of the service."""

    @property
    def model(self) -> str:
        """The model's id."""

    @property
    def usage(self) -> Usage | None:
        """Its tokens."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was received."""


@runtime_checkable
class Resumable(Protocol):
    """A result that another call can complete without paying twice."""

    @property
    def resume_advice(self) -> Text:
        """How to continue."""


@runtime_checkable
class Continuing(Protocol):
    """What goes on although the call that waited for it was stopped."""

    @property
    def stop_message(self) -> Text:
        """What was stopped, what goes on, and how to wait for it again."""


class _OneLine:
    """Shown by IPython as one line instead of a traceback (IPython docs: `_render_traceback_`)."""

    def _render_traceback_(self) -> list[str]:
        name = type(self).__name__
        if takes_escape_codes():
            # Bold in the page's own colour: ANSI's red on a page's ground for errors has a contrast
            # of 2.9.
            name = f"\x1b[1m{name}\x1b[0m"
        return [f"{name}: {self}"]

    @printable
    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class ErnieError(_OneLine, Exception):
    """Any failure of this package.

    Parameters
    ----------
    what, cause, advice
        What happened, its likely cause and what to do, each in both languages.
    language
        The language of `str(error)`; the locale's when None. A session sets its own.

    Attributes
    ----------
    answer : Answer | ImageSet | Embeddings | Mapped | None
        What was received before the failure (partial); None when nothing was.
    retryable : bool
        Whether the same request may safely be sent again and may then succeed.
    renews : bool
        Whether a temporary token may have expired: it is renewed once, and the call is repeated
        once.
    of_exchange : bool
        Whether the exchange of a pair for a temporary token failed: the call was not sent.
    retry_after : float | None
        Seconds the service asks to wait.
    told_wait : float
        Seconds that only its sentence asks to wait: for this call, which may not be true of others.
    """

    retryable: bool = False
    renews: bool = False
    of_exchange: bool = False
    retry_after: float | None = None
    told_wait: float = 0.0

    def __init__(
        self,
        what: Text,
        cause: Text | None = None,
        advice: Text | None = None,
        *,
        language: Language | None = None,
    ) -> None:
        super().__init__(what, cause, advice)
        self.what = what
        self.cause = cause
        self.advice = advice
        self.language = language
        self.answer: Received | None = None

    def add_advice(self, more: Text) -> None:
        """Say what else can be done."""
        if self.advice is not None:
            more = _ADVICES.fill(first=self.advice, more=more)
        self.advice = more

    def line(self, language: Language | None = None) -> str:
        """The whole error as one line in `language`."""
        language = language or self.language or system_language()
        stop, space = ("。", "") if language == "zh" else (".", " ")
        parts = [self.what.say(language)]
        if self.cause:
            parts.append(_CAUSE.say(language) + self.cause.say(language))
        if self.advice:
            parts.append(_ADVICE.say(language) + self.advice.say(language))
        line = ""
        for part in parts:
            # A library's English sentence ends in a period, which leaves no room before Chinese.
            separator = space
            if line.endswith((".", "!", "?")):
                separator = " "
            line += separator * bool(line) + _close_sentence(part, stop)
        if facts := self._facts(language):
            line += f" ({facts})"
        return _one_line(line)

    def _facts(self, _language: Language) -> str:
        """Return what a support desk asks for: status, code, request id."""
        return ""

    def __str__(self) -> str:
        return self.line()


class UsageError(ErnieError):
    """Something in the call is wrong; nothing was sent."""


class InvalidOption(UsageError):
    """An option or parameter is unknown, ill-formed, out of range or not for this model.

    Attributes
    ----------
    problems : tuple of InvalidOption
        Each one that it tells: itself, or several.
    """

    @property
    def problems(self) -> tuple[InvalidOption, ...]:
        """Each error that it tells."""
        return self._problems or (self,)

    _problems: tuple[InvalidOption, ...] = ()


class InvalidDataset(InvalidOption):
    """A file or a table is not a dataset of its format. One line tells the first ten faults and how
    many there are.

    Attributes
    ----------
    faults : tuple of ernie_magic.calls.datasets.faults.DatasetFault
        Each with its file, line, field, what is wrong and what to do; the first 1,000.
    fault_count : int
        How many there are.
    """

    faults: tuple[object, ...] = ()
    fault_count: int = 0


def combine_errors(problems: Sequence[InvalidOption]) -> InvalidOption:
    """Return one error that tells all of these, each with what to do about it."""
    if len(problems) == 1:
        return problems[0]
    told = Text(*(_number_lines(problems, language) for language in LANGUAGES))
    combined = InvalidOption(
        Text("{count} 处不对：{told}", "{count} options are wrong: {told}").fill(
            count=len(problems), told=told
        )
    )
    combined._problems = tuple(problems)  # noqa: SLF001
    return combined


def _number_lines(problems: Sequence[InvalidOption], language: Language) -> str:
    numbered = enumerate(problems, start=1)
    return " ".join(f"({number}) {error.line(language)}" for number, error in numbered)


class InvalidMessages(UsageError):
    """The messages break the service's rules (empty content, order of roles)."""


class ConversationLocked(UsageError):
    """The service has blocked this conversation (`flag` 2 or higher, "flag" on
    https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).
    """


class InvalidExpression(UsageError):
    """A `{{expr}}` in the prompt is not a Python expression, or raised."""


class UnknownAttribute(UsageError, AttributeError):
    """An object has no attribute of that name (`answer.txt`); an AttributeError, too.

    So `hasattr` and a default of `getattr` work. Libraries try names by the thousand: what to do is
    thought of when it is asked for.

    Parameters
    ----------
    what
        As in `ErnieError`.
    find_advice
        Returns what to do.
    """

    def __init__(
        self,
        what: Text,
        cause: Text | None = None,
        advice: Text | None = None,
        *,
        find_advice: Callable[[], Text] | None = None,
    ) -> None:
        self._find_advice = find_advice
        self._advice: Text | None = None
        super().__init__(what, cause, advice)

    @property
    def advice(self) -> Text | None:
        """What to do."""
        if self._find_advice is not None:
            self._advice = self._find_advice()
            self._find_advice = None
        return self._advice

    @advice.setter
    def advice(self, advice: Text | None) -> None:
        self._advice = advice


class OutOfRange(UsageError, IndexError):
    """A result has no item at that position (`cats[5]` of two pictures); an IndexError, too."""


class WrongArguments(UsageError, TypeError):
    """The arguments do not fit the call: one is missing, or too many stand without a name; a
    TypeError, too.
    """


class NotTransferable(UsageError, TypeError):
    """An object stays in this process, since it has connections and keys (`pickle.dumps(ernie)`);
    a TypeError, too.
    """


class MissingKey(UsageError):
    """The chosen service needs a key and none is set."""


class NotConfirmed(UsageError):
    """It would create something that is billed, or delete for good, and is not confirmed.

    Attributes
    ----------
    plan : object
        Exactly what would be created, deleted or stopped.
    """

    plan: object = None


class TransportError(ErnieError):
    """The network failed."""


class ServiceUnreachable(TransportError):
    """No connection could be made, or it was closed before anything was received.

    `retryable` says whether it is safe to send the request again.

    Attributes
    ----------
    was_sent : bool
        Whether the request had left: the service may have carried it out.
    timed_out : bool
        Whether no connection was made in time: the other side is away, or busy.
    """

    was_sent: bool = False
    timed_out: bool = False


class RequestTimeout(TransportError):
    """No answer within `request_timeout` seconds."""


class IncompleteAnswer(TransportError):
    """The stream was cut off; `answer` has the received part."""


class OutcomeUnknown(TransportError):
    """The reply to a request that creates something was lost: it may exist, and is not created
    again.
    """


class ProtocolError(ErnieError):
    """The reply does not follow the API's documentation. `body` holds its beginning, and
    `request_id` the id that the service's support asks for.
    """

    def __init__(
        self,
        what: Text,
        cause: Text | None = None,
        advice: Text | None = None,
        *,
        body: str = "",
        status: int = 0,
        request_id: str = "",
    ) -> None:
        super().__init__(what, cause, advice)
        self.body = body
        self.status = status
        self.request_id = request_id

    def _facts(self, language: Language) -> str:
        if not self.request_id:
            return ""
        return _REQUEST.say(language, id=self.request_id)


class Stopped(ErnieError):
    """The user stopped a call that runs in a separate task (`asyncio.gather`, `create_task`).

    Such a task cannot raise `Interrupted`: a KeyboardInterrupt that leaves any task but the cell's
    ends the kernel's event loop (CPython's `Task` raises it through; measured: the kernel never
    answers again).
    """


class RowsFailed(ErnieError):
    """Every row of a table failed; `answer` has the table, with the reason of each.

    Only the magic raises it: `ernie.map` returns the table, whose `errors` tell the same.
    """


class ServiceError(ErnieError):
    """The service refused or failed.

    Attributes
    ----------
    status : int
        HTTP status; where that is 200, the status that the service's code or words mean.
    code, type, message : str
        As the service sent them; empty when it did not.
    request_id : str
        The id that the service's support asks for.
    body : str
        The raw reply, without keys.
    """

    def __init__(
        self,
        what: Text,
        cause: Text | None = None,
        advice: Text | None = None,
        *,
        status: int = 0,
        code: str = "",
        type: str = "",  # noqa: A002  (the API's own field name)
        message: str = "",
        request_id: str = "",
        body: str = "",
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(what, cause, advice)
        self.status = status
        self.code = code
        self.type = type
        self.message = message
        self.request_id = request_id
        self.body = body
        self.retryable = retryable
        self.retry_after = retry_after

    def _facts(self, language: Language) -> str:
        facts = []
        if self.status:
            facts.append(f"HTTP {self.status}")
        if self.code:
            facts.append(self.code)
        if self.request_id:
            facts.append(_REQUEST.say(language, id=self.request_id))
        return " · ".join(facts)


class BadRequest(ServiceError):
    """400: the request breaks a rule of the service."""


class MessagesRefused(BadRequest):
    """400 invalid_messages."""


class InputTooLong(BadRequest):
    """400: more characters or tokens than the model takes."""


class ModelNotFound(BadRequest):
    """404: the service has no such model. `suggestions` names similar ids."""

    suggestions: tuple[str, ...] = ()


class AuthenticationFailed(ServiceError):
    """401: the key is wrong, expired or of another kind."""


class PermissionDenied(ServiceError):
    """401 or 403: the key is valid, but not for this model, app or parameter.

    Attributes
    ----------
    may_be_about_text : bool
        The service does not say what is not permitted: a firewall may have found something in the
        text that was sent.
    """

    may_be_about_text: bool = False


class QuotaExhausted(ServiceError):
    """402: the account has no tokens left."""


class UnsafeRequest(ServiceError):
    """403: content review refused the request, or what the model made of it."""


class AnswerWithdrawn(ServiceError):
    """The service withdrew its answer (`flag` 3, 4 or unknown,
    https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns).

    The text is not kept. `flag` says which; `ban_round` says which round of the conversation it is
    about, -1 for this one, None when the service did not say.
    """

    flag: int = 0
    ban_round: int | None = None


class RateLimited(ServiceError):
    """429: too many requests or tokens per minute, or too many at once. One that is not `retryable`
    is a day's limit.

    Attributes
    ----------
    is_lasting : bool
        The service has refused every call for longer than a minute's limit does.
    """

    is_lasting = False


class ServerError(ServiceError):
    """5xx: the service failed."""


class Interrupted(_OneLine, KeyboardInterrupt):
    """The user stopped a call; the connection is closed. `answer` holds what was received, or None.

    A KeyboardInterrupt, so that "Run all" halts. Shown as one line: formatting a traceback through
    the HTTP library costs 40 to 220 ms, which is what makes a Stop feel slow.
    """

    def __init__(self, line: str, answer: Received | None = None) -> None:
        super().__init__(line)
        self.answer = answer

    def name_variable(self, name: str) -> None:
        """Name the variable that holds what was received too, if there is one."""
        if name:
            self.args = (str(self).replace(_LAST, name, 1),)


_LAST = "ernie.last"
_STOPPED = Text(
    f"已停止，连接已断开；收到的部分在 {_LAST}，标为未完成",
    f"stopped and disconnected; the received part is in {_LAST}, marked partial",
)
_STOPPED_EMPTY = Text(
    "已停止，连接已断开；还没有收到内容", "stopped and disconnected; nothing had been received yet"
)


def partial_result(result: object) -> Received | None:
    """Return what a stopped call gave, if it has content."""
    if isinstance(result, Received) and not result.is_empty:
        return result
    return None


def _stop_message(partial: Received | None) -> Text:
    if partial is None:
        return _STOPPED_EMPTY
    if isinstance(partial, Continuing):
        return partial.stop_message
    if isinstance(partial, Resumable):
        advice = partial.resume_advice
        return Text(f"{_STOPPED.zh}；{advice.zh}", f"{_STOPPED.en}; {advice.en}")
    return _STOPPED


def interruption(result: object, language: Language) -> Interrupted:
    """Return what an interrupted caller raises; `result`, what its call gave when stopped, is kept
    if it has content.
    """
    partial = partial_result(result)
    return Interrupted(_stop_message(partial).say(language), partial)


def stop_error(result: object, language: Language) -> Stopped:
    """Return what an interrupted caller in a separate task raises."""
    partial = partial_result(result)
    error = Stopped(_stop_message(partial), language=language)
    error.answer = partial
    return error
