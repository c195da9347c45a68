"""The image tab: pictures made from a prompt, and a gallery of all pictures of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ernie_magic.api.requests import image_request
from ernie_magic.calls import as_code
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.display import images as pictures
from ernie_magic.notebook.panels.code_box import CodeBox
from ernie_magic.notebook.panels.controls import Seed
from ernie_magic.notebook.panels.selection import Chosen
from ernie_magic.notebook.panels.tab import Tab
from ernie_magic.notebook.panels.task import Work
from ernie_magic.notebook.panels.widgets import Composer, button, close, column, row
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ernie_magic.calls.as_code import Code
    from ernie_magic.calls.images.pictures import ImageSet, Picture
    from ernie_magic.notebook.panels.model_picker import ModelList
    from ernie_magic.runtime.stream import Stream
    from ernie_magic.session import Session

_MAKE, _DESCRIBE = Text("生成", "Generate"), Text("描述要画的内容…", "Describe the picture…")
_VARY, _REUSE, _SAVE = Text("再来一张", "Vary"), Text("填入参数", "Reuse"), Text("保存", "Save")
_SAVED, _REUSED = (
    Text("已保存：{file}", "saved: {file}"),
    Text("已取用这张图的提示词和参数", "its prompt and parameters are set"),
)
_EMPTY, _EARLIER = (
    Text("还没有图片。", "No pictures yet."),
    Text("更早的 {n} 张在 ernie.images 里", "{n} earlier ones are in ernie.images"),
)
_MOST = 24  # pictures in the gallery
_KEPT = 12  # pictures in the saved form: each at most some 70 kB
_WIDTH = "240px"


class ImageTab(Tab):
    """Prompt, parameters, gallery; see `Tab`."""

    title = Text("图片", "Images")

    def __init__(self, session: Session, listed: ModelList, saved: Callable[[], object]) -> None:
        super().__init__(session, listed, saved)
        say = self.language
        self._cards: dict[int, tuple[Picture, Any]] = {}
        self.composer = Composer(
            say, "image", self.send, self.stop, label=_MAKE, placeholder=_DESCRIBE
        )
        self.composer.prompt.observe(lambda _change: self.box.refresh(), "value")
        self.work: Work[ImageSet] = Work(say, self.composer.status, self._busy)
        self.box = CodeBox(say, self.code)
        self.chosen = Chosen(session, listed, "image", say, self.box.refresh)
        self.gallery = row(name="ernie-gallery")
        main = column(self.composer.widget, self.gallery, self.box.widget, name="ernie-main")
        self.widget = row(
            main,
            column(self.chosen.picker.widget, self.chosen.controls.widget, name="ernie-side"),
            name="ernie-tab",
        )

    def follow(self) -> None:
        """Show the session's pictures, and new ones as they arrive."""
        self.leave()
        self.watch(self.session.changed, self._sync)
        self._sync()

    def _pictures(self) -> list[Picture]:
        """Newest first."""
        return [picture for images in reversed(self.session.images) for picture in images]

    def _sync(self) -> None:
        found = self._pictures()
        if [id(picture) for picture in found[:_MOST]] == list(self._cards) and found:
            return
        before, self._cards = (
            self._cards,
            {
                id(picture): self._cards.get(id(picture)) or (picture, self._card(picture))
                for picture in found[:_MOST]
            },
        )
        cards = [card for _, card in self._cards.values()]
        note = "" if found else _EMPTY.say(self.language)
        if len(found) > _MOST:
            note = _EARLIER.say(self.language, n=len(found) - _MOST)
        self.gallery.children = [
            *cards,
            *([widgets.HTML(f"<small>{note}</small>")] if note else []),
        ]
        for place in before.keys() - self._cards.keys():
            close(before[place][1])
        self.saved()

    def _card(self, picture: Picture) -> widgets.Widget:
        say = self.language
        shown = widgets.HTML(pictures.figure(picture, say, _WIDTH))
        acts = [button(_REUSE.say(say), lambda: self._reuse(picture))]
        if picture.problem is None:
            acts = [
                button(_VARY.say(say), lambda: self._vary(picture)),
                *acts,
                button(_SAVE.say(say), lambda: self._save(picture)),
            ]
        return column(shown, row(*acts), name="ernie-card")

    def _busy(self, is_busy: bool) -> None:
        self.composer.busy(is_busy)
        if not is_busy:
            self._sync()

    # --- what it does -----------------------------------------------------------------------------

    def send(self) -> None:
        """Make pictures of the prompt."""
        self.chosen.fit()
        seed = self.chosen.controls.by_name.get("seed")
        if isinstance(seed, Seed) and not self.work.busy:
            seed.next()
        prompt = self.composer.text
        self._make(
            lambda: self.session.begin_image(prompt, model=self.chosen.model, **self.chosen.given)
        )

    def _make(self, make: Callable[[], Stream[ImageSet]]) -> None:
        self.work.begin(make, lambda _batch: None, lambda _images, _problem: None)

    def _vary(self, picture: Picture) -> None:
        self._make(lambda: self.session.begin_vary(picture))

    def _reuse(self, picture: Picture) -> None:
        """Set prompt, model and parameters to those of this picture."""
        request = picture.request
        self.chosen.picker.value = (
            None if request.model == self.chosen.picker.default else request.model
        )
        self.chosen.fit()
        self.chosen.controls.take(
            {**request.parameters, **({"seed": picture.seed} if picture.seed is not None else {})}
        )
        self.composer.prompt.value = request.prompt
        self.composer.status.say(_REUSED.say(self.language))

    def _save(self, picture: Picture) -> None:
        try:
            self.composer.status.say(_SAVED.say(self.language, file=picture.save()))
        except ErnieError as error:
            self.work.tell(error)

    # --- what is saved of it -----------------------------------------------------------------------

    def code(self) -> list[Code]:
        """The call as code."""
        at = self.session.endpoint()
        prompt = self.composer.text or _DESCRIBE.say(self.language)
        request = image_request(
            prompt,
            model=self.chosen.picker.resolved,
            given=self.chosen.given,
            extra={},
            rules=at.rules,
        )
        return [
            as_code.of_image(request, at, given=self.chosen.given, model=self.chosen.model or "")
        ]

    def saved_html(self) -> str:
        """The newest pictures, small."""
        return pictures.grid(self._pictures()[:_KEPT], self.language)
