"""`%%ernie`: the cell magic, through two doors.

In a notebook an input transformer (see `extension`) makes the cell an `await`, so that widgets and a Stop button work
while it streams. Everywhere else (terminal, `run_cell_magic`, `%%time`, `%%capture`, functions, threads) the plain magic
waits. Both do the same with the same view.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.utils.capture import CapturedIO, capture_output

from ernie_magic.display.errors import show_body
from ernie_magic.display.stream import PACE, View, view_for
from ernie_magic.errors import AnswerWithdrawn, ErnieError, Interrupted, interrupted
from ernie_magic.magics import commands, options
from ernie_magic.magics.interpolate import interpolate
from ernie_magic.magics.options import ChatLine, chat_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from ernie_magic.results import Answer
    from ernie_magic.session import Session
    from ernie_magic.stream import Stream

_Function = TypeVar("_Function", bound="Callable[..., Any]")

CELL_HELP = f"""\
%%ernie [选项 / options]
问题 / prompt

向文心模型提问，回答在下方流式显示。 Ask an ERNIE model; the answer streams below.

例 / Examples
    %%ernie
    用一句话介绍北京

    %%ernie -m ernie-4.5-turbo-128k --temperature 0.3 --as answer
    把 {{{{city}}}} 的三个景点列成表格            {{{{表达式}}}} 取自变量 / from your variables

    %%ernie -s tutor --system "你是数学老师" --no-history
    Why is $e^{{i\\pi}} = -1$?

结果 / Result: ernie.last, --as NAME; 历史 / history: ernie.history; 停止 / stop: 中断内核 interrupt the kernel (I I)

选项 / Options
{options.describe()}
"""


def _documented(text: str) -> Callable[[_Function], _Function]:
    def add(function: _Function) -> _Function:
        function.__doc__ = text
        return function

    return add


@magics_class
class ErnieMagics(Magics):
    """`%%ernie` and `%ernie` over one session."""

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        super().__init__(shell)
        self.session = session

    @no_var_expand  # `$` and `{` are the user's text; our own {{expr}} is the same through both doors
    @cell_magic("ernie")  # type: ignore[arg-type]  # IPython types this decorator for its form without a name
    @_documented(CELL_HELP)
    def cell(self, line: str, cell: str) -> None:  # noqa: D102  (documented above, for `%%ernie?`)
        with self._told():
            stream, said, view = self._begin(line, cell, owns_cell=False)
            with self._ending(stream, view, said) as end:
                for batch in stream.batches(PACE):
                    view.show(batch)
                end(stream.result())

    async def cell_async(self, line: str, cell: str) -> None:
        """The same, awaited: what the input transformer makes of a `%%ernie` cell in a notebook."""
        with self._told():
            stream, said, view = self._begin(line, cell, owns_cell=True)
            with self._ending(stream, view, said) as end, self._overhearing(view, tools="tools" in said.chat.parameters):
                async for batch in stream.abatches(PACE):
                    view.show(batch)
                end(await stream.aresult())

    @no_var_expand
    @line_magic("ernie")  # type: ignore[arg-type]
    @_documented(commands.HELP)
    def line(self, line: str) -> Any:  # noqa: D102
        with self._told():
            return commands.run(self.session, line)

    def _begin(self, line: str, cell: str, *, owns_cell: bool) -> tuple[Stream[Answer], ChatLine, View]:
        namespace = self.shell.user_ns
        with self._listening("{{" in line or "{{" in cell) as heard:
            said = chat_line(line, namespace)
            prompt = (cell if said.verbatim else interpolate(cell, namespace)).strip("\n")
        owns_cell = owns_cell and not heard()
        conversation = self.session[said.session] if said.session else self.session.conversation
        view = view_for(self.shell, self.session.settings.spoken, owns_cell=owns_cell, raw=said.raw)
        return conversation.ask(prompt, said.chat), said, view

    @contextmanager
    def _listening(self, listen: bool) -> Iterator[Callable[[], bool]]:
        """What the user's expressions print is theirs and stays; the function given tells whether there was any.

        An interrupt may land anywhere, also between the steps in which output is caught or given back: whatever happens,
        the shell's own output is put back.
        """
        if not listen or threading.current_thread() is not threading.main_thread():  # it is the whole process's output
            yield lambda: False
            return
        shell, before = self.shell, (sys.stdout, sys.stderr, sys.displayhook, self.shell.display_pub)
        printed = CapturedIO(None, None)
        try:
            with capture_output() as printed:
                yield lambda: bool(printed.stdout or printed.stderr or printed.outputs)
        finally:
            sys.stdout, sys.stderr, sys.displayhook, shell.display_pub = before
            printed.show()

    @contextmanager
    def _overhearing(self, view: View, *, tools: bool) -> Iterator[None]:
        """What the user's tools print and display is theirs: when they do, the cell is not ours to clear at the end."""
        publisher: Any = self.shell.display_pub
        if not tools or not hasattr(publisher, "register_hook"):
            yield
            return

        def displayed(message: Any) -> Any:
            if not view.speaking and message.get("msg_type") == "display_data":
                view.disown()
            return message

        def heard(write: Callable[[str], int]) -> Callable[[str], int]:
            def written(text: str) -> int:
                view.disown()
                return write(text)

            return written

        streams = (sys.stdout, sys.stderr)
        for stream in streams:
            stream.write = heard(stream.write)  # type: ignore[method-assign]
        publisher.register_hook(displayed)
        try:
            yield
        finally:
            publisher.unregister_hook(displayed)
            for stream in streams:
                del stream.write  # the class's own again

    @contextmanager
    def _ending(self, stream: Stream[Answer], view: View, said: ChatLine) -> Iterator[Callable[[Answer | None], None]]:
        """However the answer ends, the view is closed and what came is bound."""

        def end(answer: Answer | None) -> None:
            view.finish(answer)
            if said.as_name and answer is not None:
                self.shell.user_ns[said.as_name] = answer

        try:
            yield end
        except AnswerWithdrawn:
            view.withdraw()
            raise
        except (Interrupted, ErnieError) as error:
            end(error.answer)
            raise
        except (KeyboardInterrupt, asyncio.CancelledError):  # it came while we were drawing, not while we waited
            told = interrupted(stream.stop(), self.session.settings.spoken)
            end(told.answer)
            raise told from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors in the user's language, with the service's raw reply folded; an interrupt in one line."""
        try:
            yield
        except ErnieError as error:
            show_body(self.shell, self.session.spoken(error), self.session.settings.spoken)
            raise
        except Interrupted:
            raise
        except KeyboardInterrupt:
            raise interrupted(None, self.session.settings.spoken) from None
