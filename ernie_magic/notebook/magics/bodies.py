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
from ernie_magic.notebook.magics.chat import parse_chat_line
from ernie_magic.notebook.magics.embeddings import parse_embed_line, parse_vectors_line
from ernie_magic.notebook.magics.execution import CellRunner, PendingCell
from ernie_magic.notebook.magics.images import (
    ImageCommand,
    ImageLine,
    parse_image_command,
    parse_image_line,
)
from ernie_magic.notebook.magics.interpolate import interpolate
from ernie_magic.notebook.magics.tables import fill_shared_expressions, parse_map_line
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.api.results import Answer
    from ernie_magic.calls.images.pictures import ImageSet
    from ernie_magic.calls.tables.map import Mapped
    from ernie_magic.runtime.stream import Stream

# Rows from which a preview comes first, and rows of a preview.
_PREVIEW_FROM_ROWS, _PREVIEW_ROWS = 50, 3


class Bodies(CellRunner):
    """What `%%ernie`, `%%ernie_image`, `%ernie` and the others do, over one session."""

    # Prompt and table of the last preview of `%%ernie_map`.
    _last_preview: tuple[str, int] = ("", 0)

    def cell(self, line: str, cell: str) -> None:
        """`%%ernie`, waited for."""
        self.run_blocking(lambda: self._start_chat(line, cell, owns_cell=False))

    async def cell_async(self, line: str, cell: str) -> None:
        """`%%ernie`, awaited: what the input transformer makes of a cell in a notebook."""
        await self.run_async(lambda: self._start_chat(line, cell, owns_cell=True))

    def image_cell(self, line: str, cell: str) -> None:
        """`%%ernie_image`, waited for."""
        self.run_blocking(lambda: self._start_images(line, cell, owns_cell=False))

    async def image_cell_async(self, line: str, cell: str) -> None:
        """`%%ernie_image`, awaited."""
        await self.run_async(lambda: self._start_images(line, cell, owns_cell=True))

    def line(self, line: str) -> Any:
        """`%ernie`."""
        with self.reporting_errors():
            return commands.run_command(self.session, line)

    def image_line(self, line: str) -> Table | None:
        """`%ernie_image`, waited for."""
        with self.reporting_errors():
            command = self._parse_command(line)
            if command.name == "show":
                return self._show_picture(command.target)
        self.run_blocking(lambda: self._start_image_command(command))
        return None

    async def image_line_async(self, line: str) -> None:
        """`%ernie_image`, awaited: a cell of only this line that makes or downloads pictures."""
        with self.reporting_errors():
            command = self._parse_command(line)
        await self.run_async(lambda: self._start_image_command(command))

    def embed_cell(self, line: str, cell: str) -> None:
        """`%%ernie_embed`, waited for."""
        self.run_blocking(lambda: self._start_embed(line, cell, owns_cell=False))

    async def embed_cell_async(self, line: str, cell: str) -> None:
        """`%%ernie_embed`, awaited."""
        await self.run_async(lambda: self._start_embed(line, cell, owns_cell=True))

    def map_cell(self, line: str, cell: str) -> None:
        """`%%ernie_map`, waited for."""
        self.run_blocking(lambda: self._start_map(line, cell, owns_cell=False))

    async def map_cell_async(self, line: str, cell: str) -> None:
        """`%%ernie_map`, awaited."""
        await self.run_async(lambda: self._start_map(line, cell, owns_cell=True))

    def _start_map(self, line: str, cell: str, *, owns_cell: bool) -> PendingCell[Mapped]:
        """Run a `%%ernie_map` cell: one question per row."""
        namespace, language = self.shell.user_ns, self.session.settings.interface_language
        with self.capturing_user_output(enabled=True) as user_printed:
            parsed_line = parse_map_line(line, namespace)
            # A table that can be read only once is read here.
            table = frames.copy_table(parsed_line.rows)
            rows = frames.rows_of(table)
            prompt = fill_shared_expressions(
                cell, parsed_line, list(rows[0]) if rows else [], namespace
            )
        preview = parsed_line.preview and len(rows) > _PREVIEW_FROM_ROWS
        view = result.view_for(self.shell, language, owns_cell=owns_cell and not user_printed())
        # Rows just previewed are not paid for twice.
        is_preview_confirmed = (prompt, id(parsed_line.rows)) == self._last_preview
        options = {
            **parsed_line.options,
            "resume": parsed_line.options["resume"] or (is_preview_confirmed and not preview),
        }
        self._last_preview = (prompt, id(parsed_line.rows)) if preview else ("", 0)

        def finish_cell(result_table: Mapped | None) -> None:
            if result_table is None:
                view.show_result(None)
            elif preview:
                in_flight = parsed_line.options.get("in_flight", self.session.settings.in_flight)
                view.show_result(
                    mapped.mime_bundle(
                        result_table,
                        language,
                        mapped.estimate_all_rows(result_table, len(rows), in_flight, language),
                    )
                )
            else:
                view.show_result(mapped.mime_bundle(result_table, language))
                self.bind_result(parsed_line.as_name, result_table.table)

        return PendingCell(
            self.session.begin_map(prompt, rows[:_PREVIEW_ROWS] if preview else table, **options),
            view,
            finish_cell,
        )

    def heat_line(self, line: str) -> vectors.Heat:
        """`%ernie_heat`."""
        with self.reporting_errors():
            embeddings, rest = self._resolve_embeddings("ernie_heat", line)
            _refuse_extra_words(rest)
            return vectors.Heat(embeddings, self.session.settings.interface_language)

    def plane_line(self, line: str) -> vectors.Plane:
        """`%ernie_map2d`."""
        with self.reporting_errors():
            embeddings, rest = self._resolve_embeddings("ernie_map2d", line)
            method = rest[1] if rest[:1] == ["--method"] and len(rest) == 2 else ""  # noqa: PLR2004
            _refuse_extra_words([] if method else rest)
            points, name = similarity.project_to_plane(embeddings.vectors, method or "auto")
            return vectors.Plane(embeddings, points, name, self.session.settings.interface_language)

    def search_line(self, line: str) -> Table:
        """`%ernie_search`."""
        with self.reporting_errors():
            embeddings, rest = self._resolve_embeddings("ernie_search", line)
            k = 5
            if "-k" in rest:
                index = rest.index("-k")
                if (
                    index + 1 == len(rest)
                    or not rest[index + 1].isdecimal()
                    or int(rest[index + 1]) < 1
                ):
                    raise InvalidOption(
                        Text("-k 后面要一个正整数", "-k requires a whole number from 1")
                    )
                k, rest = int(rest[index + 1]), rest[:index] + rest[index + 2 :]
            query = interpolate(" ".join(rest), self.shell.user_ns)
            if not query.strip():
                raise InvalidOption(
                    Text("没有写要找什么", "there is nothing to look for"),
                    advice=Text("%ernie_search 变量 问题", "%ernie_search VARIABLE QUERY"),
                )
            matches = self.session.search(query, embeddings, k)
            headers = {"zh": ["#", "相似度", "文本"], "en": ["#", "score", "text"]}[
                self.session.settings.interface_language
            ]
            return Table(
                headers,
                [[str(match.index + 1), f"{match.score:.3f}", match.text] for match in matches],
                vectors.summary_line(embeddings, self.session.settings.interface_language),
            )

    def _resolve_embeddings(self, magic: str, line: str) -> tuple[Embeddings, list[str]]:
        """The embeddings that a line names; texts are embedded first."""
        value, rest = parse_vectors_line(magic, line, self.shell.user_ns)
        embeddings = value if isinstance(value, Embeddings) else self.session.embed(value)
        embeddings = embeddings.known()
        if not len(embeddings):
            raise InvalidOption(Text("没有向量", "there are no vectors"))
        return embeddings, rest

    def _start_embed(self, line: str, cell: str, *, owns_cell: bool) -> PendingCell[Embeddings]:
        """Run a `%%ernie_embed` cell: one text per line."""
        namespace = self.shell.user_ns
        with self.capturing_user_output("{{" in line or "{{" in cell) as user_printed:
            parsed_line = parse_embed_line(line, namespace)
            texts = [
                text
                for text in (cell if parsed_line.verbatim else interpolate(cell, namespace)).split(
                    "\n"
                )
                if text.strip()
            ]
        language = self.session.settings.interface_language
        view = result.view_for(self.shell, language, owns_cell=owns_cell and not user_printed())

        def finish_cell(embeddings: Embeddings | None) -> None:
            view.show_result(
                None if embeddings is None else vectors.mime_bundle(embeddings, language)
            )
            self.bind_result(parsed_line.as_name, embeddings)

        return PendingCell(
            self.session.begin_embed(texts, **parsed_line.options), view, finish_cell
        )

    def _parse_command(self, line: str) -> ImageCommand:
        with self.capturing_user_output(enabled=True):
            return parse_image_command(line, self.shell.user_ns)

    def _start_image_command(self, command: ImageCommand) -> PendingCell[ImageSet]:
        """Run a `%ernie_image` line that makes or downloads pictures."""
        start_stream = {
            "redo": self.session.begin_redo,
            "vary": self.session.begin_vary,
            "download": self.session.begin_download,
        }[command.name]
        return self._pending_images(
            start_stream(command.target, **command.parsed_line.options),
            command.parsed_line,
            owns_cell=False,
        )

    def _show_picture(self, target: Any) -> Table:
        """A picture or a set with its parameters; a file too."""
        images, recipe = recipes.open_pictures(target), recipes.read_recipe(target)
        language = self.session.settings.interface_language
        result.view_for(self.shell, language, owns_cell=False).show_result(
            pictures.mime_bundle(images, language, name="")
        )
        rows = [
            [
                name,
                value
                if isinstance(value, str)
                else json.dumps(value, ensure_ascii=False, default=str),
            ]
            for name, value in recipe.items()
        ]
        return Table({"zh": ["参数", "值"], "en": ["parameter", "value"]}[language], rows)

    def _start_chat(self, line: str, cell: str, *, owns_cell: bool) -> PendingCell[Answer]:
        """Run a `%%ernie` cell."""
        namespace = self.shell.user_ns
        with self.capturing_user_output(
            "{{" in line or "{{" in cell or "--image" in line
        ) as user_printed:
            parsed_line = parse_chat_line(line, namespace)
            prompt = (cell if parsed_line.verbatim else interpolate(cell, namespace)).strip("\n")
        conversation = (
            self.session[parsed_line.session] if parsed_line.session else self.session.conversation
        )
        view = view_for(
            self.shell,
            self.session.settings.interface_language,
            owns_cell=owns_cell and not user_printed(),
            raw=parsed_line.raw,
            remote_images=self.session.settings.remote_images,
        )

        def finish_cell(answer: Answer | None) -> None:
            view.show_result(answer)
            self.bind_result(parsed_line.as_name, answer)

        return PendingCell(
            conversation.ask_with_options(prompt, parsed_line.chat),
            view,
            finish_cell,
            runs_user_code="tools" in parsed_line.chat.parameters,
        )

    def _start_images(self, line: str, cell: str, *, owns_cell: bool) -> PendingCell[ImageSet]:
        """Run a `%%ernie_image` cell."""
        namespace = self.shell.user_ns
        with self.capturing_user_output("{{" in line or "{{" in cell) as user_printed:
            parsed_line = parse_image_line(line, namespace)
            prompt = (cell if parsed_line.verbatim else interpolate(cell, namespace)).strip()
        return self._pending_images(
            self.session.begin_image(prompt, **parsed_line.options),
            parsed_line,
            owns_cell=owns_cell and not user_printed(),
        )

    def _pending_images(
        self, stream: Stream[ImageSet], parsed_line: ImageLine, *, owns_cell: bool
    ) -> PendingCell[ImageSet]:
        language = self.session.settings.interface_language
        view = result.view_for(self.shell, language, owns_cell=owns_cell)
        finished: list[ImageSet | None] = []

        def finish_cell(images: ImageSet | None) -> None:
            if finished:
                return
            finished.append(images)
            self.bind_result(parsed_line.as_name, images)
            problem, saved_files = None, []
            if images is not None and parsed_line.save:
                try:
                    saved_files = images.save(parsed_line.save)
                except ErnieError as error:  # pictures already made are shown all the same
                    problem = error
            view.show_result(
                None
                if images is None
                else pictures.mime_bundle(
                    images,
                    language,
                    full=parsed_line.full,
                    name=parsed_line.as_name or "ernie.images[-1]",
                    saved_files=saved_files,
                )
            )
            if problem:
                raise problem

        return PendingCell(stream, view, finish_cell)


def _refuse_extra_words(words: list[str]) -> None:
    if words:
        raise InvalidOption(
            Text("不认识“{extra}”", "{extra!r} is not known here").fill(extra=" ".join(words))
        )
