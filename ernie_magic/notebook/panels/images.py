"""The image tab: pictures made from a prompt, and a gallery of all pictures of the session."""

from __future__ import annotations

import base64
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.api.requests import image_request
from ernie_magic.calls import as_code
from ernie_magic.calls.images.files import PATTERN, save_pictures
from ernie_magic.config.deployed import choose_endpoint
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display import images as pictures
from ernie_magic.notebook.display.html_table import clip_to_line
from ernie_magic.notebook.panels.number_controls import SeedControl
from ernie_magic.notebook.panels.tab import Tab
from ernie_magic.notebook.panels.task import Task
from ernie_magic.notebook.panels.widgets import (
    Composer,
    box,
    close_widget,
    column,
    make_icon_button,
    row,
)
from ernie_magic.text.language import Counted, Text
from ernie_magic.text.sanitize import plain_html

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ernie_magic.calls.as_code import Code
    from ernie_magic.calls.images.pictures import ImageSet, Picture
    from ernie_magic.runtime.stream import Stream

_MAKE = Text("生成", "Generate")
_DESCRIBE = Text("描述要画的内容…", "Describe the picture…")
_VARY = Text("再来一张", "Vary")
_REUSE = Text("填入参数", "Reuse")
_SAVE = Text("保存", "Save")
_SAVED = Text("已保存：{file}", "saved: {file}")
_REUSED = Text("已取用这张图的提示词和参数", "its prompt and parameters are set")
_EXAMPLES = (
    Text("一只戴红帽子的白猫", "A white cat in a red hat"),
    Text("雪山下的湖，日落", "A lake below a snowy mountain at sunset"),
    Text("夜晚的城市，下着雨", "A city at night in the rain"),
)
_EARLIER = Counted(
    Text("更早的 {n} 张在 ernie.images 里", "{n} earlier ones are in ernie.images"),
    Text("更早的 {n} 张在 ernie.images 里", "{n} earlier one is in ernie.images"),
)
_MAX_GALLERY_PICTURES = 24  # pictures in the gallery
_MAX_LARGE_BYTES = 12_000_000  # bytes of an original that the page is sent
_MAX_SIDE_BY_SIDE = 4  # pictures of a batch that frontend.css has a layout for
_PROMPT_CHARACTERS = 200  # characters of a prompt above its pictures
_MAX_SAVED_PICTURES = 12  # pictures in the saved form: each at most some 70 kB
_WIDTH = "100%"


class ImageTab(Tab):
    """Prompt, parameters, gallery; see `Tab`."""

    title = Text("图片", "Images")

    def _build_widget(self) -> widgets.Widget:
        language = self.language
        # By the pictures shown of a call: the pictures, and their widget.
        self._batches: dict[tuple[int, ...], tuple[list[Picture], Any]] = {}
        self._picture_ids = count(1)
        self._originals: dict[int, Picture] = {}  # by the number in their card's class
        self._pending: widgets.Widget | None = None  # the places of pictures being made
        self._awaited: tuple[str, Mapping[str, Any]] = "", {}  # their prompt and parameters
        self.composer = Composer(
            language, "image", self.send_prompt, self.stop_call, label=_MAKE, placeholder=_DESCRIBE
        )
        self.refresh_code_with_prompt()
        self.task: Task[ImageSet] = Task(language, self.composer.status, self._on_busy_changed)
        self.selection = self.make_selection("image")
        self.start = self.make_examples(*_EXAMPLES)
        self.gallery = row(self.start, name="ernie-gallery")
        return self.lay_out(
            self.gallery, self.selection.picker.widget, self.selection.controls.widget
        )

    def follow_session(self) -> None:
        """Show the session's pictures, and new ones as they arrive."""
        self.stop_following()
        self.watch_changes(self.session.changed, self._sync_gallery)
        self._sync_gallery()

    def _session_pictures(self) -> list[Picture]:
        """Newest first."""
        return [picture for images in reversed(self.session.images) for picture in images]

    def _shown_batches(self) -> list[tuple[ImageSet, list[Picture]]]:
        """The newest pictures by the call that made them."""
        batches = []
        free = _MAX_GALLERY_PICTURES
        for images in reversed(self.session.images):
            shown = list(images)[:free]
            free -= len(shown)
            if shown:
                batches.append((images, shown))
        return batches

    def _sync_gallery(self) -> None:
        found = self._shown_batches()
        keys = [tuple(map(id, shown)) for _, shown in found]
        previous = self._batches
        self._batches = {
            key: previous.get(key) or (shown, self._make_batch(images, shown))
            for key, (images, shown) in zip(keys, found, strict=True)
        }
        self._show_gallery()
        gone = [batch for key, (_, batch) in previous.items() if key not in self._batches]
        for batch in gone:
            close_widget(batch)
        kept = {id(picture) for shown, _ in self._batches.values() for picture in shown}
        self._originals = {n: p for n, p in self._originals.items() if id(p) in kept}
        if previous.keys() != self._batches.keys():
            self.save_output()

    def _show_gallery(self) -> None:
        """Show what is being made, then the batches; prompts to begin with where there are none."""
        parts = [batch for _, batch in self._batches.values()]
        if self._pending is not None:
            parts = [self._pending, *parts]
        total = len(self._session_pictures())
        if not parts:
            parts = [self.start]
        elif total > _MAX_GALLERY_PICTURES:
            note = _EARLIER.say(self.language, total - _MAX_GALLERY_PICTURES)
            parts.append(widgets.HTML(f"<small>{note}</small>"))
        if list(self.gallery.children) != parts:
            self.gallery.children = parts

    def _make_batch(self, images: ImageSet, shown: list[Picture]) -> widgets.Widget:
        """The pictures of one call under one header."""
        head = _make_batch_head(images.prompt, pictures.batch_facts(images, self.language))
        cards = box(*map(self._picture_card, shown), name="ernie-cards")
        return self._name_batch(column(head, cards), len(shown))

    def _make_pending(self, prompt: str, parameters: Mapping[str, Any]) -> widgets.Widget:
        """The places of pictures that are being made, in their ratio, under the same header."""
        ratio = str(parameters.get("size") or "1x1").replace("x", " / ")
        number = int(parameters.get("n") or 1)
        places = f'<div class="ernie-pending" style="aspect-ratio:{ratio}"></div>' * number
        cards = widgets.HTML(places)
        cards.add_class("ernie-cards")
        return self._name_batch(column(_make_batch_head(prompt, "…"), cards), number)

    def _name_batch(self, batch: widgets.Box, number: int) -> widgets.Box:
        for name in ("ernie-batch", f"ernie-batch-{min(number, _MAX_SIDE_BY_SIDE)}"):
            batch.add_class(name)
        return batch

    def _picture_card(self, picture: Picture) -> widgets.Widget:
        language = self.language
        caption = pictures.short_caption(picture, language)
        picture_html = widgets.HTML(
            pictures.figure_html(picture, language, _WIDTH, caption=caption)
        )
        reuse = partial(self._reuse_parameters, picture)
        buttons = [make_icon_button("pencil", _REUSE.say(language), reuse)]
        if picture.problem is None:
            buttons = [
                make_icon_button(
                    "again", _VARY.say(language), partial(self._vary_picture, picture)
                ),
                *buttons,
                make_icon_button("save", _SAVE.say(language), partial(self._save_picture, picture)),
            ]
        card = column(picture_html, row(*buttons), name="ernie-card")
        number = next(self._picture_ids)
        self._originals[number] = picture
        card.add_class(f"ernie-picture-{number}")
        return card

    def find_original(self, number: int) -> str:
        """The address of the picture as it was received, "" where the card's own must do."""
        picture = self._originals.get(number)
        if picture is None or picture.problem or not picture.content:
            return ""
        mime, content = picture.page_form
        if len(content) > _MAX_LARGE_BYTES:
            return ""
        return f"data:{mime};base64,{base64.b64encode(content).decode()}"

    def _on_busy_changed(self, is_busy: bool) -> None:
        self.composer.set_busy(is_busy)
        if self._pending is not None:
            pending = self._pending
            self._pending = None
            self._sync_gallery()
            close_widget(pending)
        elif is_busy:
            self._pending = self._make_pending(*self._awaited)
            self._show_gallery()
        else:
            self._sync_gallery()

    # --- what it does -----------------------------------------------------------------------------

    def send_prompt(self, prompt: str | None = None) -> None:
        """Make pictures of the prompt."""
        self.selection.update_controls()
        seed = self.selection.controls.by_name.get("seed")
        if isinstance(seed, SeedControl) and not self.task.is_busy:
            seed.renew_seed()
        prompt = (self.composer.prompt_text if prompt is None else prompt).strip()
        try:
            filled = self.fill_prompt(prompt)
        except ErnieError as error:
            self.task.report_problem(error)
            return
        parameters = self.selection.request_parameters
        self._start_call(
            lambda: self.session.begin_image(
                filled, model=self.selection.selected_model, **parameters
            ),
            filled,
            parameters,
        )

    def _start_call(
        self,
        make_stream: Callable[[], Stream[ImageSet]],
        prompt: str,
        parameters: Mapping[str, Any],
    ) -> None:
        if not self.is_busy:
            self._awaited = prompt, parameters
        self.task.start_call(make_stream, lambda _batch: None, lambda _images, _problem: None)

    def _vary_picture(self, picture: Picture) -> None:
        self._start_call(
            lambda: self.session.begin_vary(picture), picture.prompt, picture.request.parameters
        )

    def _reuse_parameters(self, picture: Picture) -> None:
        """Set prompt, model and parameters to those of this picture."""
        request = picture.request
        model: str | None = request.model
        if model == self.selection.picker.default_model:
            model = None
        self.selection.picker.selected_model = model
        self.selection.update_controls()
        values = dict(request.parameters)
        if picture.seed is not None:
            values["seed"] = picture.seed
        self.selection.controls.set_values(values)
        self.composer.keep_braces(request.prompt)
        self.composer.prompt.value = request.prompt
        self.composer.status.show_message(_REUSED.say(self.language), passes=True)

    def _save_picture(self, picture: Picture) -> None:
        try:
            file = save_pictures([picture], PATTERN)[0].describe().say(self.language)
            message = _SAVED.say(self.language, file=file)
            self.composer.status.show_message(message, passes=True)
        except ErnieError as error:
            self.task.report_problem(error)

    # --- what is saved of it -----------------------------------------------------------------------

    def generate_code(self) -> list[Code]:
        """The call as code."""
        endpoint = self.session.endpoint()
        prompt = self.composer.prompt_text or _DESCRIBE.say(self.language)
        request = image_request(
            prompt,
            model=self.selection.picker.resolved_model,
            given=self.selection.request_parameters,
            extra={},
            rules=endpoint.rules,
            endpoint=choose_endpoint(
                "image", self.session.settings, endpoint.service, self.selection.selected_model
            ),
        )
        return [
            as_code.code_for_image(
                request,
                endpoint,
                given=self.selection.request_parameters,
                model=self.selection.selected_model or "",
                prompt_code=self.prompt_code(prompt),
            )
        ]

    def saved_html(self) -> str:
        """The newest pictures, small."""
        return pictures.gallery_html(self._session_pictures()[:_MAX_SAVED_PICTURES], self.language)


def _make_batch_head(prompt: str, facts: str) -> widgets.HTML:
    """What stands above the pictures of one call: its prompt, and what they have in common."""
    words = plain_html(clip_to_line(prompt, _PROMPT_CHARACTERS))
    head = widgets.HTML(f"<b>{words}</b><small>{plain_html(facts)}</small>")
    head.add_class("ernie-batch-head")
    return head
