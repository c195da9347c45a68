"""`%%ernie` and `%%ernie_image`: the cell magics, through two doors.

In a notebook an input transformer (see `extension`) makes the cell an `await`, so that widgets and a Stop button work
while it streams. Everywhere else (terminal, `run_cell_magic`, `%%time`, `%%capture`, functions, threads) the plain magic
waits. Both do the same with the same view.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.display import Image, display
from IPython.utils.capture import CapturedIO, capture_output

from ernie_magic.display import pictures
from ernie_magic.display.errors import show_body
from ernie_magic.display.stream import PACE, view_for
from ernie_magic.display.tables import Table
from ernie_magic.errors import AnswerWithdrawn, ErnieError, Interrupted, interrupted
from ernie_magic.magics import commands
from ernie_magic.magics.chat_line import CHAT, chat_line
from ernie_magic.magics.image_line import COMMANDS, IMAGE, ImageLine, again_line, image_line
from ernie_magic.magics.interpolate import interpolate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from ernie_magic.display.stream import View
    from ernie_magic.pictures import ImageSet
    from ernie_magic.session import Session
    from ernie_magic.stream import Stream

Result = TypeVar("Result")
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
{CHAT.describe()}
"""


IMAGE_HELP = f"""\
%%ernie_image [选项 / options]
提示词 / prompt

生成图片，缩略图和种子显示在下方。 Make pictures; thumbnails and seeds appear below.

例 / Examples
    %%ernie_image -n 2 --size 1024x1024 --style Anime --as cats
    一只白猫, 红帽子

    %%ernie_image --seed 42 --save cat-{{i}}.png
    a white cat with a red hat

结果 / Result: ernie.last, ernie.images, --as NAME; cats[0], cats.sheet(), cats.save("cat-{{i}}")
再生成 / Again: %ernie_image redo cat.png; %ernie_image vary cats[1] --seed +1; %ernie_image show cat.png

选项 / Options
{IMAGE.describe()}
"""

AGAIN_HELP = "%ernie_image WORD\n\n" + "\n".join(f"    %ernie_image {word:<6}{help_.zh} / {help_.en}" for word, help_ in COMMANDS.items())


@dataclass(frozen=True)
class _Asked(Generic[Result]):
    """A call on its way, and what is to be done with what comes of it.

    Attributes
    ----------
    stream : Stream
    view : View
    conclude : callable
        Shows and binds the result; None when there is none. A second one changes nothing.
    hears : bool
        The user's own functions run meanwhile: what they print is theirs.
    """

    stream: Stream[Result]
    view: View
    conclude: Callable[[Any], None]
    hears: bool = False


def _documented(text: str) -> Callable[[_Function], _Function]:
    def add(function: _Function) -> _Function:
        function.__doc__ = text
        return function

    return add


@magics_class
class ErnieMagics(Magics):
    """`%%ernie`, `%%ernie_image`, `%ernie` and `%ernie_image` over one session."""

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        super().__init__(shell)
        self.session = session

    @no_var_expand  # `$` and `{` are the user's text; our own {{expr}} is the same through both doors
    @cell_magic("ernie")  # type: ignore[arg-type]  # IPython types this decorator for its form without a name
    @_documented(CELL_HELP)
    def cell(self, line: str, cell: str) -> None:  # noqa: D102  (documented above, for `%%ernie?`)
        self._wait(lambda: self._ask(line, cell, owns_cell=False))

    async def cell_async(self, line: str, cell: str) -> None:
        """The same, awaited: what the input transformer makes of a `%%ernie` cell in a notebook."""
        await self._await(lambda: self._ask(line, cell, owns_cell=True))

    @no_var_expand
    @cell_magic("ernie_image")  # type: ignore[arg-type]
    @_documented(IMAGE_HELP)
    def image_cell(self, line: str, cell: str) -> None:  # noqa: D102
        self._wait(lambda: self._draw(line, cell, owns_cell=False))

    async def image_cell_async(self, line: str, cell: str) -> None:
        """The same, awaited."""
        await self._await(lambda: self._draw(line, cell, owns_cell=True))

    def _wait(self, begin: Callable[[], _Asked[Any]]) -> None:
        """A cell through the plain door."""
        with self._told():
            asked = begin()
            with self._ending(asked):
                for batch in asked.stream.batches(PACE):
                    asked.view.show(batch)
                asked.conclude(asked.stream.result())

    async def _await(self, begin: Callable[[], _Asked[Any]]) -> None:
        """A cell through the awaiting door."""
        with self._told():
            asked = begin()
            with self._ending(asked), self._overhearing(asked.view, hears=asked.hears):
                async for batch in asked.stream.abatches(PACE):
                    asked.view.show(batch)
                asked.conclude(await asked.stream.aresult())

    @no_var_expand
    @line_magic("ernie")  # type: ignore[arg-type]
    @_documented(commands.HELP)
    def line(self, line: str) -> Any:  # noqa: D102
        with self._told():
            return commands.run(self.session, line)

    @no_var_expand
    @line_magic("ernie_image")  # type: ignore[arg-type]
    @_documented(AGAIN_HELP)
    def image_line(self, line: str) -> Any:  # noqa: D102
        with self._told(), self._listening(listen=True):
            again = again_line(line, self.shell.user_ns)
        if again.command == "show":
            return self._shown(again.picture, again.parameters)
        self._wait(lambda: self._drawing(self.session.stream_redo(again.parameters, **again.said.options), again.said, owns_cell=False))
        return None

    def _shown(self, picture: Any, made: Any) -> Table:
        """A picture and what made it."""
        display(Image(filename=picture) if isinstance(picture, str) else picture)
        rows = [[name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)] for name, value in made.items()]
        return Table({"zh": ["参数", "值"], "en": ["parameter", "value"]}[self.session.settings.spoken], rows)

    def _ask(self, line: str, cell: str, *, owns_cell: bool) -> _Asked[Any]:
        """A `%%ernie` cell."""
        namespace = self.shell.user_ns
        with self._listening("{{" in line or "{{" in cell or "--image" in line) as heard:
            said = chat_line(line, namespace)
            prompt = (cell if said.verbatim else interpolate(cell, namespace)).strip("\n")
        conversation = self.session[said.session] if said.session else self.session.conversation
        view = view_for(self.shell, self.session.settings.spoken, owns_cell=owns_cell and not heard(), raw=said.raw)

        def conclude(answer: Any) -> None:
            view.finish(answer)
            self._bind(said.as_name, answer)

        return _Asked(conversation.ask(prompt, said.chat), view, conclude, hears="tools" in said.chat.parameters)

    def _draw(self, line: str, cell: str, *, owns_cell: bool) -> _Asked[ImageSet]:
        """A `%%ernie_image` cell."""
        namespace = self.shell.user_ns
        with self._listening("{{" in line or "{{" in cell) as heard:
            said = image_line(line, namespace)
            prompt = (cell if said.verbatim else interpolate(cell, namespace)).strip()
        return self._drawing(self.session.stream_image(prompt, **said.options), said, owns_cell=owns_cell and not heard())

    def _drawing(self, stream: Stream[ImageSet], said: ImageLine, *, owns_cell: bool) -> _Asked[ImageSet]:
        view = pictures.view_for(self.shell, self.session.settings.spoken, owns_cell=owns_cell)

        def conclude(images: ImageSet | None) -> None:
            self._bind(said.as_name, images)
            problem, saved = None, []
            if images is not None and said.save:
                try:
                    saved = images.save(said.save)
                except ErnieError as error:  # what was made is shown all the same
                    problem = error
            view.finish(images, full=said.full, name=said.as_name, saved=saved)
            if problem:
                raise problem

        return _Asked(stream, view, conclude)

    def _bind(self, name: str, result: object) -> None:
        if name and result is not None:
            self.shell.user_ns[name] = result

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
    def _overhearing(self, view: View, *, hears: bool) -> Iterator[None]:
        """What the user's tools print and display is theirs: when they do, the cell is not ours to clear at the end."""
        publisher: Any = self.shell.display_pub
        if not hears or not hasattr(publisher, "register_hook"):
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
    def _ending(self, asked: _Asked[Any]) -> Iterator[None]:
        """However the call ends, the view is closed and what came is bound."""
        try:
            yield
        except AnswerWithdrawn:
            asked.view.withdraw()
            raise
        except (Interrupted, ErnieError) as error:
            asked.conclude(error.answer)
            raise
        except (KeyboardInterrupt, asyncio.CancelledError):  # it came while we were drawing, not while we waited
            told = interrupted(asked.stream.stop(), self.session.settings.spoken)
            asked.conclude(told.answer)
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
