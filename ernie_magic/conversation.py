"""Turns that belong together, and the ways to ask the next question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.history import History
from ernie_magic.requests import ChatOptions, Message
from ernie_magic.running import Call
from ernie_magic.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ernie_magic.results import Answer
    from ernie_magic.session import Session
    from ernie_magic.wire.openai_style import Delta


class Conversation:
    """Turns that belong together, on a session. `ernie["tutor"]` is one; the session's own methods use the current one.

    Attributes
    ----------
    name : str
    history : History
    system : str
        This conversation's system prompt; "" leaves it to the session's setting.
    locked : bool
        The service forbade to go on (see `ernie_magic.safety`); `reset()` unlocks.
    """

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self.name = name
        self.history = History()
        self.system = ""
        self.locked = False

    def reset(self) -> None:
        """Forget the turns, and unlock."""
        self.history.clear()
        self.locked = False

    def ask(self, prompt: str | Sequence[Message], options: ChatOptions) -> Stream:
        """Send a prompt with options; every other way to ask ends here.

        Parameters
        ----------
        prompt
            A question, asked after this conversation's turns; or whole messages, which stand alone and leave no turn.
        options
            What else was said.
        """

        async def work(emit: Callable[[Delta], None]) -> Answer:
            return await self._session.answer(self, prompt, options, emit)

        return Stream(Call(work), lambda: self._session.settings.spoken)

    def stream(
        self,
        prompt: str | Sequence[Message],
        *,
        model: str | None = None,
        system: str | None = None,
        stream: bool | None = None,
        history: bool = True,
        extra: dict[str, Any] | None = None,
        **parameters: Any,  # noqa: ANN401  (the table knows their types)
    ) -> Stream:
        """Ask, and get the answer piece by piece: `for piece in ernie.stream("…")`, or `async for`.

        Parameters
        ----------
        prompt
            The question, or a list of messages (`{"role": …, "content": …}`) that stand alone.
        model
            A model id; sent as it is.
        system
            The system prompt for this call.
        stream
            False asks the service for the answer in one piece.
        history
            False sends no earlier turns and keeps none.
        extra
            Fields for the request's body that the parameter table does not know.
        **parameters
            Request parameters by API name (`temperature`, `top_p`, `max_completion_tokens` …; seed 000).

        Raises
        ------
        UsageError, TransportError, ServiceError
            When it is iterated; the tree is drawn in `ernie_magic.errors`.
        """
        return self.ask(prompt, ChatOptions(parameters, model, system, stream, history, extra or {}))

    def chat(self, prompt: str | Sequence[Message], **options: Any) -> Answer:  # noqa: ANN401
        """Ask and wait for the whole answer; takes what `stream` takes."""
        return self.stream(prompt, **options).result()

    async def achat(self, prompt: str | Sequence[Message], **options: Any) -> Answer:  # noqa: ANN401
        """Ask and await the whole answer; takes what `stream` takes."""
        return await self.stream(prompt, **options).aresult()

    astream = stream  # one object is both: `async for piece in ernie.astream("…")`

    def messages(self, prompt: str | Sequence[Message], options: ChatOptions) -> list[Message]:
        """What is sent for `prompt` now: system prompt, earlier turns, the question."""
        if not isinstance(prompt, str):
            return [dict(message) for message in prompt]
        system = self.system or self._session.settings.system if options.system is None else options.system
        first: list[Message] = [{"role": "system", "content": system}] if system else []
        turns = self.history.messages() if options.history else []
        return [*first, *turns, {"role": "user", "content": prompt}]

    def __repr__(self) -> str:
        return f"Conversation({self.name!r}, {len(self.history)} turns)"
