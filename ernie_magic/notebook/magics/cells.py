"""What the cell magics, and `%ernie_image`, ask and show."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ernie_magic.calls.images import recipes
from ernie_magic.calls.images.files import save_pictures
from ernie_magic.calls.tables.frames import first_rows
from ernie_magic.calls.tables.request import PREVIEW_ABOVE, PREVIEW_ROWS
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display import embeddings as embeddings_display
from ernie_magic.notebook.display import images as images_display
from ernie_magic.notebook.display import pending as pending_display
from ernie_magic.notebook.display import tables as tables_display
from ernie_magic.notebook.display.chat import unfilled_notes
from ernie_magic.notebook.display.streaming import view_for
from ernie_magic.notebook.magics.chat import ChatLine, check_new_name, parse_chat_line
from ernie_magic.notebook.magics.embeddings import EmbedLine, parse_embed_line
from ernie_magic.notebook.magics.execution import CellRunner, PendingCell
from ernie_magic.notebook.magics.images import (
    ImageCommand,
    ImageLine,
    parse_image_command,
    parse_image_line,
)
from ernie_magic.notebook.magics.magic_lines import check_for_magics
from ernie_magic.notebook.magics.options import CellLine, WrongLine
from ernie_magic.notebook.magics.stray_braces import find_unfilled
from ernie_magic.notebook.magics.tables import MapLine, parse_map_line
from ernie_magic.text.line_ends import normalize_crlf, normalize_line_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ernie_magic.api.requests import ChatOptions
    from ernie_magic.api.results import Answer, Embeddings
    from ernie_magic.calls.chat.conversation import Conversation
    from ernie_magic.calls.images.pictures import ImageSet
    from ernie_magic.calls.tables.result import Mapped
    from ernie_magic.calls.tables.template import Template
    from ernie_magic.notebook.display.html_table import Table
    from ernie_magic.notebook.display.pending import ResultView
    from ernie_magic.notebook.display.streaming import AnswerView
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.text.language import Text

Line = TypeVar("Line", bound=CellLine)
Parsed = TypeVar("Parsed")
Prompt = TypeVar("Prompt")  # a text, or a table's template


@dataclass(frozen=True)
class _CellInput(Generic[Line, Prompt]):
    """A cell magic's line and the text below it, parsed and interpolated.

    Attributes
    ----------
    line : CellLine
    prompt : str or Template
    owns_cell : bool
        Whether the cell's outputs may be cleared: the user's expressions have printed nothing.
    """

    line: Line
    prompt: Prompt
    owns_cell: bool


class CellMagics(CellRunner):
    """What `%%ernie`, `%%ernie_image`, `%%ernie_embed`, `%%ernie_map` and `%ernie_image` do."""

    # Prompt and table of the last preview of `%%ernie_map`.
    _last_preview: tuple[Template, object] | None = None

    def chat_cell(self, line: str, cell: str) -> None:
        """`%%ernie`, waited for."""
        self.run_blocking(lambda: self._start_chat(line, cell, owns_cell=False))

    async def chat_cell_async(self, line: str, cell: str) -> None:
        """`%%ernie`, awaited: what the input transformer makes of a cell in a notebook."""
        await self.run_async(lambda: self._start_chat(line, cell, owns_cell=True))

    def image_cell(self, line: str, cell: str) -> None:
        """`%%ernie_image`, waited for."""
        self.run_blocking(lambda: self._start_images(line, cell, owns_cell=False))

    async def image_cell_async(self, line: str, cell: str) -> None:
        """`%%ernie_image`, awaited."""
        await self.run_async(lambda: self._start_images(line, cell, owns_cell=True))

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

    def _read_cell(
        self,
        parse_line: Callable[[str, Mapping[str, Any]], Line],
        fill_prompt: Callable[[Line, str, Mapping[str, Any]], Prompt],
        line: str,
        cell: str,
        *,
        owns_cell: bool,
        names_variables: bool = False,
    ) -> _CellInput[Line, Prompt]:
        """Parse a cell magic's options and interpolate its text.

        Parameters
        ----------
        parse_line
            The magic's own parser.
        fill_prompt
            Interpolates its text.
        owns_cell
            Whether the cell holds only this magic.
        names_variables
            Whether its options name variables, which are evaluated too.
        """
        namespace = self.shell.user_ns
        # Before values are filled in: what they hold stays as it is.
        cell = normalize_crlf(cell)
        has_expressions = names_variables or "{{" in line or "{{" in cell
        with self.capturing_user_output(has_expressions) as user_printed:
            parsed_line = self._parse_line(parse_line, line)
            if not parsed_line.verbatim:
                check_for_magics(cell)
            prompt = fill_prompt(parsed_line, cell, namespace)
        return _CellInput(parsed_line, prompt, owns_cell and not user_printed())

    def _view_result(self, *, owns_cell: bool) -> ResultView:
        """The view of a result that arrives in one piece."""
        language = self.session.settings.interface_language
        return pending_display.view_for(self.shell, language, owns_cell=owns_cell)

    def _start_chat(self, line: str, cell: str, *, owns_cell: bool) -> PendingCell[Answer]:
        """Run a `%%ernie` cell."""
        cell_input = self._read_cell(
            parse_chat_line,
            ChatLine.fill_prompt,
            line,
            cell,
            owns_cell=owns_cell,
            names_variables="--image" in line,
        )
        parsed_line = cell_input.line
        settings = self.session.settings
        conversation = self.session.conversation
        if parsed_line.session:
            if parsed_line.session not in self.session.conversations:
                check_new_name(parsed_line.session)
            conversation = self.session[parsed_line.session]
        view = view_for(
            self.shell,
            settings.interface_language,
            owns_cell=cell_input.owns_cell,
            raw=parsed_line.raw,
            is_simulated=self.session.client.is_simulated,
            remote_images=settings.remote_images,
        )

        def finish_cell(answer: Answer | None) -> None:
            view.show_result(answer)
            self.bind_result(parsed_line.as_name, answer)

        prompt = cell_input.prompt.strip("\n")
        if parsed_line.app:
            stream = self._ask_app(parsed_line, prompt, conversation, view)
        else:
            stream = conversation.ask_with_options(
                prompt,
                self._note_unfilled(parsed_line, cell),
                on_model=view.name_model,
                # A tool of a panel's turn runs in the panel's thread: that turn waits for it.
                after_background=threading.current_thread() is threading.main_thread(),
            )
        return PendingCell(stream, view, finish_cell, as_name=parsed_line.as_name)

    def _note_unfilled(self, line: ChatLine, cell: str) -> ChatOptions:
        """The options of a line, with the names that its words have in single braces."""
        words = f"{cell}\n\n{line.chat.system or ''}"
        return replace(line.chat, unfilled=self._find_unfilled(line, words))

    def _find_unfilled(
        self, line: CellLine, words: str, columns: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """The variables, and a table's columns, that a cell's words name in single braces."""
        if line.verbatim:
            return ()
        return find_unfilled(words, {**self.shell.user_ns, **dict.fromkeys(columns)})

    def _ask_app(
        self,
        line: ChatLine,
        prompt: str,
        conversation: Conversation,
        view: AnswerView,
    ) -> Stream[Answer]:
        """Ask the application that a `%%ernie` line names."""
        chat = line.chat
        view.name_model(line.app)
        return self.session.apps.stream(
            line.app,
            prompt,
            files=line.files,
            tools=chat.parameters.get("tools"),
            system=chat.system,
            stream=chat.stream,
            history=chat.history is not False,
            parameters=chat.extra,
            conversation=conversation,
        )

    def _start_images(self, line: str, cell: str, *, owns_cell: bool) -> PendingCell[ImageSet]:
        """Run a `%%ernie_image` cell."""
        cell_input = self._read_cell(
            parse_image_line, ImageLine.fill_prompt, line, cell, owns_cell=owns_cell
        )
        return self._pending_images(
            self.session.begin_image(cell_input.prompt.strip(), **cell_input.line.options),
            cell_input.line,
            owns_cell=cell_input.owns_cell,
            notes=unfilled_notes(self._find_unfilled(cell_input.line, cell)),
        )

    def _start_embed(self, line: str, cell: str, *, owns_cell: bool) -> PendingCell[Embeddings]:
        """Run a `%%ernie_embed` cell: one text per line."""
        cell = normalize_line_ends(cell)
        cell_input = self._read_cell(
            parse_embed_line, EmbedLine.fill_texts, line, cell, owns_cell=owns_cell
        )
        language = self.session.settings.interface_language
        view = self._view_result(owns_cell=cell_input.owns_cell)
        notes = unfilled_notes(self._find_unfilled(cell_input.line, cell))

        def finish_cell(embeddings: Embeddings | None) -> None:
            if embeddings is None:
                view.show_result(None)
                return
            view.show_result(embeddings_display.mime_bundle(embeddings, language, notes))
            self.bind_result(cell_input.line.as_name, embeddings)

        return PendingCell(
            self.session.begin_embed(cell_input.prompt, **cell_input.line.options),
            view,
            finish_cell,
            as_name=cell_input.line.as_name,
        )

    def _start_map(self, line: str, cell: str, *, owns_cell: bool) -> PendingCell[Mapped]:
        """Run a `%%ernie_map` cell: one prompt per row."""
        cell_input = self._read_cell(
            parse_map_line,
            MapLine.fill_template,
            line,
            cell,
            owns_cell=owns_cell,
            names_variables=True,
        )
        parsed_line = cell_input.line
        prompt = cell_input.prompt
        view = self._view_result(owns_cell=cell_input.owns_cell)
        columns = parsed_line.content.columns
        notes = unfilled_notes(self._find_unfilled(parsed_line, cell, columns))
        this_preview = (prompt, parsed_line.source_key)
        resume = parsed_line.options["resume"]
        is_large = len(parsed_line.content.rows) > PREVIEW_ABOVE
        if parsed_line.preview and is_large and not resume:
            self._last_preview = this_preview
            some = first_rows(parsed_line.table, PREVIEW_ROWS)
            return PendingCell(
                self.session.begin_map(prompt, some, **parsed_line.options),
                view,
                lambda result_table: self._show_map_preview(result_table, parsed_line, view, notes),
                find_failure=lambda mapped: mapped.build_failure(),
            )
        # Rows just previewed are not paid for twice.
        resume = resume or this_preview == self._last_preview
        self._last_preview = None
        # A batch that was sent is found by its rows: a preview would have others sent again.
        preview = parsed_line.preview and not parsed_line.options["batch"]
        language = self.session.settings.interface_language

        def finish_cell(result_table: Mapped | None) -> None:
            if result_table is None:
                view.show_result(None)
            elif result_table.unasked and not result_table.partial:
                self._last_preview = this_preview
                self._show_map_preview(result_table, parsed_line, view, notes)
            else:
                view.show_result(tables_display.mime_bundle(result_table, language, notes=notes))
                self.bind_result(parsed_line.as_name, result_table.table)

        return PendingCell(
            self.session.begin_map(
                prompt,
                parsed_line.table,
                preview=preview,
                **{**parsed_line.options, "resume": resume},
            ),
            view,
            finish_cell,
            find_failure=lambda mapped: mapped.build_failure(),
            as_name=parsed_line.as_name,
        )

    def _show_map_preview(
        self,
        preview: Mapped | None,
        parsed_line: MapLine,
        view: ResultView,
        notes: Sequence[Text],
    ) -> None:
        """The first rows, which `--as` names meanwhile, and what all of them would take."""
        if preview is None:
            view.show_result(None)
            return
        settings = self.session.settings
        in_flight = parsed_line.options.get("in_flight", settings.in_flight)
        note = tables_display.estimate_all_rows(
            preview, len(parsed_line.content.rows), in_flight, settings.interface_language, notes
        )
        if parsed_line.as_name:
            note += tables_display.describe_binding(
                preview,
                parsed_line.as_name,
                settings.interface_language,
                is_source=parsed_line.replaces_source,
            )
        view.show_result(tables_display.mime_bundle(preview, settings.interface_language, note))
        if not parsed_line.replaces_source:
            self.bind_result(parsed_line.as_name, preview.table)

    def _parse_command(self, line: str) -> ImageCommand:
        with self.capturing_user_output(enabled=True):
            return self._parse_line(parse_image_command, line)

    def _parse_line(
        self, parse_line: Callable[[str, Mapping[str, Any]], Parsed], line: str
    ) -> Parsed:
        """Parse a magic's line; what is wrong with it is told with what the service refuses, too.

        Raises
        ------
        InvalidOption
        """
        try:
            return parse_line(line, self.shell.user_ns)
        except WrongLine as error:
            rules = self.session.settings.choose_service().rules
            raise error.add_problems(rules) from None

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
        images = recipes.open_pictures(target)
        of_each = [recipes.read_recipe(picture) for picture in images.good]
        if len(of_each) <= 1:
            of_each = [recipes.read_recipe(target)]
        language = self.session.settings.interface_language
        self._view_result(owns_cell=False).show_result(
            images_display.mime_bundle(images, language, name="")
        )
        return images_display.recipes_table(of_each, language)

    def _pending_images(
        self,
        stream: Stream[ImageSet],
        parsed_line: ImageLine,
        *,
        owns_cell: bool,
        notes: Sequence[Text] = (),
    ) -> PendingCell[ImageSet]:
        language = self.session.settings.interface_language
        view = self._view_result(owns_cell=owns_cell)
        is_finished = False

        def finish_cell(images: ImageSet | None) -> None:
            nonlocal is_finished
            if is_finished:
                return
            is_finished = True
            self.bind_result(parsed_line.as_name, images)
            if images is None:
                view.show_result(None)
                return
            problem = None
            saved_files = []
            if parsed_line.save:
                try:
                    saved_files = save_pictures(
                        images.good, parsed_line.save, overwrite=parsed_line.overwrite
                    )
                except ErnieError as error:  # pictures already made are shown all the same
                    problem = error
            view.show_result(
                images_display.mime_bundle(
                    images,
                    language,
                    full=parsed_line.full,
                    name=parsed_line.as_name or "ernie.images[-1]",
                    saved_files=saved_files,
                    notes=notes,
                )
            )
            if problem:
                raise problem

        return PendingCell(stream, view, finish_cell, as_name=parsed_line.as_name)
