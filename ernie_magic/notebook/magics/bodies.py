"""What each magic asks and shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ernie_magic.api.results import Embeddings
from ernie_magic.calls.embeddings import similarity
from ernie_magic.calls.images import recipes
from ernie_magic.calls.tables import frames
from ernie_magic.errors import ErnieError, InvalidOption
from ernie_magic.notebook.display import embeddings as vectors
from ernie_magic.notebook.display import images as pictures
from ernie_magic.notebook.display import pending as result
from ernie_magic.notebook.display import tables as mapped
from ernie_magic.notebook.display.html_table import Table
from ernie_magic.notebook.display.streaming import view_for
from ernie_magic.notebook.magics import commands
from ernie_magic.notebook.magics.chat import chat_line
from ernie_magic.notebook.magics.embeddings import embed_line, vectors_line
from ernie_magic.notebook.magics.execution import Begun, Doors
from ernie_magic.notebook.magics.images import (
    ImageCommand,
    ImageLine,
    command_line,
    image_line,
)
from ernie_magic.notebook.magics.interpolate import interpolate
from ernie_magic.notebook.magics.tables import map_line, prompt_for
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.api.results import Answer
    from ernie_magic.calls.images.pictures import ImageSet
    from ernie_magic.calls.tables.map import Mapped
    from ernie_magic.runtime.stream import Stream

_MANY, _PREVIEWED = 50, 3  # rows from which a preview comes first, and rows of a preview


class Bodies(Doors):
    """What `%%ernie`, `%%ernie_image`, `%ernie` and the others do, over one session."""

    _previewed: tuple[str, int] = ("", 0)  # prompt and table of the last preview of `%%ernie_map`

    def cell(self, line: str, cell: str) -> None:
        """`%%ernie`, waited for."""
        self.wait(lambda: self._ask(line, cell, owns_cell=False))

    async def cell_async(self, line: str, cell: str) -> None:
        """`%%ernie`, awaited: what the input transformer makes of a cell in a notebook."""
        await self.wait_async(lambda: self._ask(line, cell, owns_cell=True))

    def image_cell(self, line: str, cell: str) -> None:
        """`%%ernie_image`, waited for."""
        self.wait(lambda: self._draw(line, cell, owns_cell=False))

    async def image_cell_async(self, line: str, cell: str) -> None:
        """`%%ernie_image`, awaited."""
        await self.wait_async(lambda: self._draw(line, cell, owns_cell=True))

    def line(self, line: str) -> Any:
        """`%ernie`."""
        with self.told():
            return commands.run(self.session, line)

    def image_line(self, line: str) -> Table | None:
        """`%ernie_image`, waited for."""
        with self.told():
            command = self._command(line)
            if command.name == "show":
                return self._shown(command.what)
        self.wait(lambda: self._again(command))
        return None

    async def image_line_async(self, line: str) -> None:
        """`%ernie_image`, awaited: a cell of only this line that makes or downloads pictures."""
        with self.told():
            command = self._command(line)
        await self.wait_async(lambda: self._again(command))

    def embed_cell(self, line: str, cell: str) -> None:
        """`%%ernie_embed`, waited for."""
        self.wait(lambda: self._embed(line, cell, owns_cell=False))

    async def embed_cell_async(self, line: str, cell: str) -> None:
        """`%%ernie_embed`, awaited."""
        await self.wait_async(lambda: self._embed(line, cell, owns_cell=True))

    def map_cell(self, line: str, cell: str) -> None:
        """`%%ernie_map`, waited for."""
        self.wait(lambda: self._map(line, cell, owns_cell=False))

    async def map_cell_async(self, line: str, cell: str) -> None:
        """`%%ernie_map`, awaited."""
        await self.wait_async(lambda: self._map(line, cell, owns_cell=True))

    def _map(self, line: str, cell: str, *, owns_cell: bool) -> Begun[Mapped]:
        """Run a `%%ernie_map` cell: one question per row."""
        namespace, language = self.shell.user_ns, self.session.settings.spoken
        with self.listening(listen=True) as heard:
            said = map_line(line, namespace)
            table = frames.snapshot(said.rows)  # a table that can be read only once is read here
            rows = frames.rows_of(table)
            prompt = prompt_for(cell, said, list(rows[0]) if rows else [], namespace)
        preview = said.preview and len(rows) > _MANY
        view = result.view_for(self.shell, language, owns_cell=owns_cell and not heard())
        # Rows just previewed are not paid for twice.
        again = (prompt, id(said.rows)) == self._previewed
        options = {**said.options, "resume": said.options["resume"] or (again and not preview)}
        self._previewed = (prompt, id(said.rows)) if preview else ("", 0)

        def conclude(found: Mapped | None) -> None:
            if found is None:
                view.finish(None)
            elif preview:
                in_flight = said.options.get("in_flight", self.session.settings.in_flight)
                view.finish(
                    mapped.bundle(
                        found, language, mapped.estimate(found, len(rows), in_flight, language)
                    )
                )
            else:
                view.finish(mapped.bundle(found, language))
                self.bind(said.as_name, found.table)

        return Begun(
            self.session.begin_map(prompt, rows[:_PREVIEWED] if preview else table, **options),
            view,
            conclude,
        )

    def heat_line(self, line: str) -> vectors.Heat:
        """`%ernie_heat`."""
        with self.told():
            embeddings, rest = self._vectors("ernie_heat", line)
            _refuse(rest)
            return vectors.Heat(embeddings, self.session.settings.spoken)

    def plane_line(self, line: str) -> vectors.Plane:
        """`%ernie_map2d`."""
        with self.told():
            embeddings, rest = self._vectors("ernie_map2d", line)
            method = rest[1] if rest[:1] == ["--method"] and len(rest) == 2 else ""  # noqa: PLR2004
            _refuse([] if method else rest)
            points, name = similarity.plane(embeddings.vectors, method or "auto")
            return vectors.Plane(embeddings, points, name, self.session.settings.spoken)

    def search_line(self, line: str) -> Table:
        """`%ernie_search`."""
        with self.told():
            embeddings, rest = self._vectors("ernie_search", line)
            k = 5
            if "-k" in rest:
                at = rest.index("-k")
                if at + 1 == len(rest) or not rest[at + 1].isdecimal() or int(rest[at + 1]) < 1:
                    raise InvalidOption(
                        Text("-k 后面要一个正整数", "-k requires a whole number from 1")
                    )
                k, rest = int(rest[at + 1]), rest[:at] + rest[at + 2 :]
            query = interpolate(" ".join(rest), self.shell.user_ns)
            if not query.strip():
                raise InvalidOption(
                    Text("没有写要找什么", "there is nothing to look for"),
                    advice=Text("%ernie_search 变量 问题", "%ernie_search VARIABLE QUERY"),
                )
            found = self.session.search(query, embeddings, k)
            headers = {"zh": ["#", "相似度", "文本"], "en": ["#", "score", "text"]}[
                self.session.settings.spoken
            ]
            return Table(
                headers,
                [[str(one.index + 1), f"{one.score:.3f}", one.text] for one in found],
                vectors.summary(embeddings, self.session.settings.spoken),
            )

    def _vectors(self, magic: str, line: str) -> tuple[Embeddings, list[str]]:
        """The embeddings that a line names; texts are embedded first."""
        value, rest = vectors_line(magic, line, self.shell.user_ns)
        found = value if isinstance(value, Embeddings) else self.session.embed(value)
        found = found.known()
        if not len(found):
            raise InvalidOption(Text("没有向量", "there are no vectors"))
        return found, rest

    def _embed(self, line: str, cell: str, *, owns_cell: bool) -> Begun[Embeddings]:
        """Run a `%%ernie_embed` cell: one text per line."""
        namespace = self.shell.user_ns
        with self.listening("{{" in line or "{{" in cell) as heard:
            said = embed_line(line, namespace)
            texts = [
                text
                for text in (cell if said.verbatim else interpolate(cell, namespace)).split("\n")
                if text.strip()
            ]
        language = self.session.settings.spoken
        view = result.view_for(self.shell, language, owns_cell=owns_cell and not heard())

        def conclude(embeddings: Embeddings | None) -> None:
            view.finish(None if embeddings is None else vectors.bundle(embeddings, language))
            self.bind(said.as_name, embeddings)

        return Begun(self.session.begin_embed(texts, **said.options), view, conclude)

    def _command(self, line: str) -> ImageCommand:
        with self.listening(listen=True):
            return command_line(line, self.shell.user_ns)

    def _again(self, command: ImageCommand) -> Begun[ImageSet]:
        """Run a `%ernie_image` line that makes or downloads pictures."""
        begin = {
            "redo": self.session.begin_redo,
            "vary": self.session.begin_vary,
            "download": self.session.begin_download,
        }[command.name]
        return self._drawing(
            begin(command.what, **command.said.options), command.said, owns_cell=False
        )

    def _shown(self, what: Any) -> Table:
        """A picture or a set with its parameters; a file too."""
        images, made = recipes.opened(what), recipes.recipe(what)
        language = self.session.settings.spoken
        result.view_for(self.shell, language, owns_cell=False).finish(
            pictures.bundle(images, language, name="")
        )
        rows = [
            [
                name,
                value
                if isinstance(value, str)
                else json.dumps(value, ensure_ascii=False, default=str),
            ]
            for name, value in made.items()
        ]
        return Table({"zh": ["参数", "值"], "en": ["parameter", "value"]}[language], rows)

    def _ask(self, line: str, cell: str, *, owns_cell: bool) -> Begun[Answer]:
        """Run a `%%ernie` cell."""
        namespace = self.shell.user_ns
        with self.listening("{{" in line or "{{" in cell or "--image" in line) as heard:
            said = chat_line(line, namespace)
            prompt = (cell if said.verbatim else interpolate(cell, namespace)).strip("\n")
        conversation = self.session[said.session] if said.session else self.session.conversation
        view = view_for(
            self.shell,
            self.session.settings.spoken,
            owns_cell=owns_cell and not heard(),
            raw=said.raw,
            remote_images=self.session.settings.remote_images,
        )

        def conclude(answer: Answer | None) -> None:
            view.finish(answer)
            self.bind(said.as_name, answer)

        return Begun(
            conversation.ask(prompt, said.chat),
            view,
            conclude,
            hears="tools" in said.chat.parameters,
        )

    def _draw(self, line: str, cell: str, *, owns_cell: bool) -> Begun[ImageSet]:
        """Run a `%%ernie_image` cell."""
        namespace = self.shell.user_ns
        with self.listening("{{" in line or "{{" in cell) as heard:
            said = image_line(line, namespace)
            prompt = (cell if said.verbatim else interpolate(cell, namespace)).strip()
        return self._drawing(
            self.session.begin_image(prompt, **said.options),
            said,
            owns_cell=owns_cell and not heard(),
        )

    def _drawing(
        self, stream: Stream[ImageSet], said: ImageLine, *, owns_cell: bool
    ) -> Begun[ImageSet]:
        language = self.session.settings.spoken
        view = result.view_for(self.shell, language, owns_cell=owns_cell)
        concluded: list[ImageSet | None] = []

        def conclude(images: ImageSet | None) -> None:
            if concluded:
                return
            concluded.append(images)
            self.bind(said.as_name, images)
            problem, saved = None, []
            if images is not None and said.save:
                try:
                    saved = images.save(said.save)
                except ErnieError as error:  # pictures already made are shown all the same
                    problem = error
            view.finish(
                None
                if images is None
                else pictures.bundle(
                    images,
                    language,
                    full=said.full,
                    name=said.as_name or "ernie.images[-1]",
                    saved=saved,
                )
            )
            if problem:
                raise problem

        return Begun(stream, view, conclude)


def _refuse(words: list[str]) -> None:
    if words:
        raise InvalidOption(
            Text("不认识“{extra}”", "{extra!r} is not known here").fill(extra=" ".join(words))
        )
