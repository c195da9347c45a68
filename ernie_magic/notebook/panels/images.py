"""The image tab: pictures made from a prompt, and a gallery of all pictures of the session."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.api.requests import image_request
from ernie_magic.calls import as_code
from ernie_magic.calls.images.files import PATTERN, save_pictures
from ernie_magic.config.settings import choose_endpoint
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display import images as pictures
from ernie_magic.notebook.panels.number_controls import SeedControl
from ernie_magic.notebook.panels.tab import Tab
from ernie_magic.notebook.panels.task import Task
from ernie_magic.notebook.panels.widgets import (
    Composer,
    close_widget,
    column,
    make_icon_button,
    row,
)
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.calls.as_code import Code
    from ernie_magic.calls.images.pictures import ImageSet, Picture
    from ernie_magic.runtime.stream import Stream

_MAKE, _DESCRIBE = Text("生成", "Generate"), Text("描述要画的内容…", "Describe the picture…")
_VARY, _REUSE, _SAVE = Text("再来一张", "Vary"), Text("填入参数", "Reuse"), Text("保存", "Save")
_SAVED = Text("已保存：{file}", "saved: {file}")
_REUSED = Text("已取用这张图的提示词和参数", "its prompt and parameters are set")
_EXAMPLES = (
    Text("一只戴红帽子的白猫", "A white cat in a red hat"),
    Text("雪山下的湖，日落", "A lake below a snowy mountain at sunset"),
    Text("夜晚的城市，下着雨", "A city at night in the rain"),
)
_EARLIER = Text("更早的 {n} 张在 ernie.images 里", "{n} earlier ones are in ernie.images")
_MAX_GALLERY_PICTURES = 24  # pictures in the gallery
_MAX_SAVED_PICTURES = 12  # pictures in the saved form: each at most some 70 kB
_WIDTH = "240px"


class ImageTab(Tab):
    """Prompt, parameters, gallery; see `Tab`."""

    title = Text("图片", "Images")

    def _build_widget(self) -> widgets.Widget:
        language = self.language
        self._cards: dict[int, tuple[Picture, Any]] = {}
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

    def _sync_gallery(self) -> None:
        found_pictures = self._session_pictures()
        if [id(picture) for picture in found_pictures[:_MAX_GALLERY_PICTURES]] == list(
            self._cards
        ) and found_pictures:
            return
        previous_cards = self._cards
        self._cards = {
            id(picture): previous_cards.get(id(picture)) or (picture, self._picture_card(picture))
            for picture in found_pictures[:_MAX_GALLERY_PICTURES]
        }
        cards = [card for _, card in self._cards.values()]
        if not found_pictures:
            cards = [self.start]
        elif len(found_pictures) > _MAX_GALLERY_PICTURES:
            note = _EARLIER.say(self.language, n=len(found_pictures) - _MAX_GALLERY_PICTURES)
            cards.append(widgets.HTML(f"<small>{note}</small>"))
        self.gallery.children = cards
        for picture_key in previous_cards.keys() - self._cards.keys():
            close_widget(previous_cards[picture_key][1])
        self.save_output()

    def _picture_card(self, picture: Picture) -> widgets.Widget:
        language = self.language
        picture_html = widgets.HTML(pictures.figure_html(picture, language, _WIDTH))
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
        return column(picture_html, row(*buttons), name="ernie-card")

    def _on_busy_changed(self, is_busy: bool) -> None:
        self.composer.set_busy(is_busy)
        if not is_busy:
            self._sync_gallery()

    # --- what it does -----------------------------------------------------------------------------

    def send_prompt(self) -> None:
        """Make pictures of the prompt."""
        self.selection.update_controls()
        seed = self.selection.controls.by_name.get("seed")
        if isinstance(seed, SeedControl) and not self.task.is_busy:
            seed.renew_seed()
        prompt = self.composer.prompt_text
        self._start_call(
            lambda: self.session.begin_image(
                prompt, model=self.selection.selected_model, **self.selection.request_parameters
            )
        )

    def _start_call(self, make_stream: Callable[[], Stream[ImageSet]]) -> None:
        self.task.start_call(make_stream, lambda _batch: None, lambda _images, _problem: None)

    def _vary_picture(self, picture: Picture) -> None:
        self._start_call(lambda: self.session.begin_vary(picture))

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
        self.composer.prompt.value = request.prompt
        self.composer.status.show_message(_REUSED.say(self.language))

    def _save_picture(self, picture: Picture) -> None:
        try:
            file = save_pictures([picture], PATTERN)[0].describe().say(self.language)
            self.composer.status.show_message(_SAVED.say(self.language, file=file))
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
            )
        ]

    def saved_html(self) -> str:
        """The newest pictures, small."""
        return pictures.gallery_html(self._session_pictures()[:_MAX_SAVED_PICTURES], self.language)
