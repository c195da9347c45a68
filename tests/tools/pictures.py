"""The pictures of both README files, and those of the notebooks: taken in a real JupyterLab.

    python -m tests.tools.pictures           everything
    python -m tests.tools.pictures README    the pictures of both README files
    python -m tests.tools.pictures demo      their animations
    python -m tests.tools.pictures panels    the pictures in one notebook

The emulator answers, in the language of the reader. Chromium is needed, as for the browser tests.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from PIL import Image, ImageChops
from playwright.sync_api import expect, sync_playwright

from ernie_magic.text.language import LANGUAGES, Language, Text, untranslated
from tests.browser.conftest import CHROMIUM_ARGS, Notebook, find_browser, running_lab
from tests.tools import notebooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from playwright.sync_api import Locator, Page

IMAGES = Path(__file__).parents[2] / "notebooks" / "images"
FOLDERS: dict[Language, Path] = {"en": IMAGES / "en", "zh": IMAGES / "zh-CN"}
_LOCALES: dict[Language, str] = {"en": "en_US.UTF-8", "zh": "zh_CN.UTF-8"}
_FULL_SPEED = "import os\nos.environ['ERNIE_EMULATOR_LATENCY'] = '0'"
_COLOURS = 256
_QUALITY = 82
_VISIBLE = 32  # of 255: a pixel that differs less is the same
_SAME = 0.0002  # of the pixels may differ: a caret's; one word of a line is more

# --- a studio -------------------------------------------------------------------------------------


@dataclass
class Studio:
    """A JupyterLab with one page, in which notebooks are opened and photographed."""

    page: Page
    lab: Any

    def open(self, cells: list[Any]) -> Notebook:
        """Open a notebook of these cells in a tab of its own."""
        notebook = Notebook(self.page, self.lab, self.lab.write(cells))
        notebook.command("docmanager:open", {"path": notebook.name, "factory": "Notebook"})
        notebook.panel.wait_for()
        notebook.wait_idle()
        return notebook


@contextmanager
def studio(language: Language, *, width: int, height: int, scale: float) -> Iterator[Studio]:
    """Start JupyterLab and Chromium.

    Parameters
    ----------
    width, height
        Of the window, in CSS pixels.
    scale
        Pixels of a picture in a CSS pixel.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        running_lab(Path(folder), _LOCALES[language]) as lab,
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=CHROMIUM_ARGS)
        page = chromium.new_page(
            viewport={"width": width, "height": height},
            device_scale_factor=scale,
            reduced_motion="reduce",
        )
        page.goto(f"{lab.url}lab?reset&token={lab.token}")
        page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
        page.evaluate("window.jupyterapp.shell.collapseLeft()")
        yield Studio(page, lab)
        chromium.close()


def photograph(element: Locator) -> Image.Image:
    """Return a picture of an element."""
    element.scroll_into_view_if_needed()
    element.page.mouse.move(0, 0)
    element.page.wait_for_timeout(150)
    shot = Image.open(io.BytesIO(element.screenshot(animations="disabled")))
    return shot.convert("RGB")


def crop_margins(image: Image.Image) -> Image.Image:
    """Cut empty margins off, but for a few pixels."""
    background = Image.new("RGB", image.size, image.getpixel((0, 0)))
    box = ImageChops.difference(image, background).getbbox()
    if box is None:
        return image
    left, top, right, bottom = box
    margin = 12
    return image.crop(
        (
            max(0, left - margin),
            max(0, top - margin),
            min(image.width, right + margin),
            min(image.height, bottom + margin),
        )
    )


def as_png(image: Image.Image) -> bytes:
    """Return a picture as a small PNG."""
    buffer = io.BytesIO()
    reduced = image.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reduced.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def as_jpeg(image: Image.Image) -> bytes:
    """Return a picture as a small JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()


def is_same(old: bytes, new: bytes) -> bool:
    """Whether two pictures look the same, so that the old one can stay."""
    before, after = (Image.open(io.BytesIO(png)).convert("RGB") for png in (old, new))
    if before.size != after.size:
        return False
    difference = ImageChops.difference(before, after).convert("L")
    visible = sum(difference.histogram()[_VISIBLE:])
    return visible <= _SAME * before.width * before.height


def write_png(path: Path, image: Image.Image) -> None:
    """Write a picture, unless the one that is there looks the same."""
    png = as_png(image)
    if path.exists() and is_same(path.read_bytes(), png):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png)


# --- pictures in notebooks ------------------------------------------------------------------------

# What is asked in a panel that would be empty, by the cell that opens it.
_QUESTIONS = {
    'ernie.panel("image")': "一只白猫，红帽子",
    'ernie.panel("embed", "compare")': """\
今天天气真好
外面阳光明媚
推荐一些美食
附近有什么好吃的
给我讲个故事""",
}


def photograph_outputs(
    path: Path, wanted: Mapping[str, str], known: Mapping[str, str]
) -> dict[str, str]:
    """Run a notebook in JupyterLab and photograph the outputs of some of its cells.

    Parameters
    ----------
    wanted
        The kind of picture, by the cell's id.
    known
        The pictures there are, in base64, by id: one that looks the same stays.
    """
    source = nbformat.read(path, as_version=4)
    for cell in notebooks.code_cells(source):
        cell.outputs, cell.execution_count = [], None
    found = {}
    with studio("en", width=1100, height=1600, scale=1) as room:
        notebook = room.open([nbformat.v4.new_code_cell(_FULL_SPEED), *source.cells])
        notebook.run_all()
        room.page.wait_for_timeout(1500)
        for index, cell in enumerate(source.cells, start=1):
            if cell.id not in wanted:
                continue
            if question := _QUESTIONS.get(cell.source):
                ask_in_panel(notebook.output(index).locator(".ernie-panel"), question)
            image = crop_margins(photograph(notebook.output(index)))
            taken = as_jpeg(image) if wanted[cell.id] == notebooks.JPEG else as_png(image)
            old = known.get(cell.id, "")
            found[cell.id] = base64.b64encode(taken).decode()
            if old and is_same(base64.b64decode(old), taken):
                found[cell.id] = old
    return found


# --- pictures in README ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """A picture of README: cells that are run one after another, and what is photographed.

    Attributes
    ----------
    cells : tuple of Text
    shown : int
        How many of the last cells are on it, with their outputs; 0 for the last output alone.
    act : callable
        Runs the last cell, and does more with it; it gets the notebook and the cell's index.
    """

    cells: tuple[Text, ...]
    shown: int = 0
    act: Callable[[Notebook, int, Language], None] | None = None


def _stop(notebook: Notebook, index: int, language: Language) -> None:
    notebook.select(index)
    notebook.begin("notebook:run-cell")
    begun = Text("世界遗产", "hotpot").say(language)
    expect(notebook.output(index)).to_contain_text(begun, timeout=20_000)
    notebook.command("notebook:interrupt-kernel")
    notebook.wait_idle()


def _unfold(notebook: Notebook, index: int, _language: Language) -> None:
    notebook.run(index)
    notebook.output(index).locator("details > summary").first.click()


def _use_panel(notebook: Notebook, index: int, language: Language) -> None:
    panel = _open_panel(notebook, index)
    drag_slider(panel, 0.55)
    ask_in_panel(panel, _FILM_PANEL_QUESTION.say(language))


def _compare(notebook: Notebook, index: int, language: Language) -> None:
    panel = _open_panel(notebook, index)
    model = panel.get_by_role("combobox").locator("visible=true").nth(1)
    model.click()
    model.fill("ernie-5.1")
    model.press("Enter")
    ask_in_panel(panel, Text("为什么天空是蓝色的？", "Why is the sky blue?").say(language))


def _open_panel(notebook: Notebook, index: int) -> Locator:
    notebook.run(index)
    panel = notebook.output(index).locator(".ernie-panel")
    panel.wait_for()
    return panel


def drag_slider(panel: Locator, share: float, after_step: Callable[[], None] | None = None) -> None:
    """Move a panel's first slider to a share of its track.

    Parameters
    ----------
    after_step
        Called eight times on the way.
    """
    panel.scroll_into_view_if_needed()
    panel.page.wait_for_timeout(300)
    slider = panel.get_by_role("slider").locator("visible=true").first
    before = slider.get_attribute("aria-valuenow")
    handle = _box(slider)
    track = _box(panel.locator(".noUi-base:visible").first)
    mouse = panel.page.mouse
    y = handle["y"] + handle["height"] / 2
    start = handle["x"] + handle["width"] / 2
    goal = track["x"] + track["width"] * share
    mouse.move(start, y)
    mouse.down()
    for step in range(1, 9):
        mouse.move(start + (goal - start) * step / 8, y)
        if after_step:
            after_step()
    mouse.up()
    expect(slider).not_to_have_attribute("aria-valuenow", before or "")


def _box(element: Locator) -> dict[str, float]:
    """Return where an element is on the page."""
    box = element.bounding_box()
    if box is None:
        raise RuntimeError(f"not to be seen: {element}")
    return dict(box)


def ask_in_panel(panel: Locator, question: str) -> None:
    """Type a question, send it, and wait for the answer."""
    prompt = panel.locator(".ernie-prompt textarea:visible")
    prompt.fill(question)
    prompt.press("Control+Enter")
    panel.page.wait_for_timeout(400)
    expect(panel.locator(".ernie-send:visible")).to_be_enabled(timeout=30_000)
    panel.page.wait_for_timeout(600)


_FILM_PANEL_QUESTION = Text("写一首关于春天的诗", "Write a poem about spring")
_LOAD = untranslated("%load_ext ernie_magic")
_RESET = untranslated("ernie.reset()")
_REVIEWS = Text(
    'reviews = ["面条很好吃", "等了一个小时，汤还是凉的", "服务热情，风景很美"]',
    'reviews = ["The noodles were delicious", "We waited an hour and the soup was cold", '
    '"Kind staff, great view"]',
)
_TABLE = Text(
    """import pandas as pd

rows = [
    ("春风小馆", "红烧肉很好吃，服务热情"),
    ("春风小馆", "环境安静，适合约会"),
    ("山城火锅", "毛肚新鲜，锅底很香"),
    ("山城火锅", "太辣了，吃完肚子疼"),
]
df = pd.DataFrame(rows, columns=["餐厅", "评论"])""",
    """import pandas as pd

rows = [
    ("Spring House", "Delicious pork, kind staff"),
    ("Spring House", "Quiet and cosy, great view"),
    ("Hotpot Town", "Fresh and excellent broth"),
    ("Hotpot Town", "Far too salty and expensive"),
]
df = pd.DataFrame(rows, columns=["place", "review"])""",
)

SCENES: dict[str, Scene] = {
    "answer": Scene(
        (
            Text('city = "杭州"', 'city = "Hangzhou"'),
            Text(
                "%%ernie --temperature 0.3 --as answer\n用一句话介绍 {{city}}",
                "%%ernie --temperature 0.3 --as answer\nIntroduce {{city}} in one sentence",
            ),
        )
    ),
    "pictures": Scene(
        (
            Text(
                "%%ernie_image -n 2 --style Anime --seed 42 --as cats\n一只白猫，红帽子",
                "%%ernie_image -n 2 --style Anime --seed 42 --as cats\nA white cat in a red hat",
            ),
        )
    ),
    "table": Scene(
        (
            _REVIEWS,
            Text(
                '%%ernie_map reviews --to "情感, 分数:int" --as scored\n'
                "判断这条评论的情感（好评/差评/中评），并打 1 到 5 分：{{text}}",
                '%%ernie_map reviews --to "sentiment, stars:int" --as scored\n'
                "Judge this review (positive/negative/neutral) and rate it from 1 to 5: {{text}}",
            ),
        )
    ),
    "panel": Scene((untranslated("%ernie panel"),), act=_use_panel),
    "stop": Scene(
        (
            Text(
                "%%ernie\n介绍一下北京：一个小标题、一个列表、一张表格",
                "%%ernie\nTell me about Beijing: a heading, a list, a table",
            ),
        ),
        shown=1,
        act=_stop,
    ),
    "compare": Scene((untranslated('ernie.panel("compare")'),), act=_compare),
    "rows": Scene(
        (
            _TABLE,
            Text(
                '%%ernie_map df --to "情感, 分数:int" --as scored\n'
                "判断这条评论的情感（好评/差评/中评），并打 1 到 5 分：{{评论}}",
                '%%ernie_map df --to "sentiment, stars:int" --as scored\n'
                "Judge this review (positive/negative/neutral), 1 to 5 stars: {{review}}",
            ),
            Text(
                'scored.groupby("餐厅")["分数"].mean()', 'scored.groupby("place")["stars"].mean()'
            ),
        ),
        shown=2,
    ),
    "vectors": Scene(
        (
            Text(
                "%%ernie_embed\n今天天气真好\n外面阳光明媚\n推荐一些美食\n附近有什么好吃的\n给我讲个故事",
                "%%ernie_embed\nThe weather is nice\nIt is sunny outside\n"
                "Where to eat well?\nRecommend some food\nTell me a story",
            ),
        )
    ),
    "tools": Scene(
        (
            Text(
                'def get_weather(city: str) -> dict:\n    """查询城市的天气"""\n'
                '    return {"city": city, "temperature": 21, "sky": "晴"}',
                'def get_weather(city: str) -> dict:\n    """Look up a city\'s weather"""\n'
                '    return {"city": city, "temperature": 21, "sky": "clear"}',
            ),
            Text(
                "%%ernie --tools get_weather --no-history\n我想知道北京的天气怎么样",
                "%%ernie --tools get_weather --no-history\nWhat is the weather in Beijing?",
            ),
        ),
        shown=1,
        act=_unfold,
    ),
    "error": Scene(
        (
            Text(
                "%%ernie --temprature 0.3\n你好",
                "%%ernie --temprature 0.3\nHello",
            ),
        ),
        shown=1,
    ),
}


def take_readme_pictures(language: Language, names: Iterable[str] = SCENES) -> None:
    """Take pictures of a README file, without its animation."""
    scenes = {name: SCENES[name] for name in names}
    cells, lasts = [_LOAD], {}
    for name, scene in scenes.items():
        cells += [_RESET, *scene.cells]
        lasts[name] = len(cells) - 1
    with studio(language, width=1100, height=1400, scale=1.5) as room:
        notebook = room.open([cell.say(language) for cell in cells])
        notebook.run(0)
        for name, scene in scenes.items():
            last = lasts[name]
            notebook.run(*range(last - len(scene.cells), last))
            if scene.act:
                scene.act(notebook, last, language)
            else:
                notebook.run(last)
            notebook.select(0)  # the cell that is photographed is not marked
            shown = [notebook.cells.nth(last - i) for i in reversed(range(scene.shown))]
            parts = [photograph(element) for element in shown or [notebook.output(last)]]
            write_png(FOLDERS[language] / f"{name}.png", crop_margins(_stack(parts)))


def _stack(parts: list[Image.Image]) -> Image.Image:
    """Put pictures below each other."""
    width, height = max(part.width for part in parts), sum(part.height for part in parts)
    stacked = Image.new("RGB", (width, height), "white")
    below = 0
    for part in parts:
        stacked.paste(part, (0, below))
        below += part.height
    return stacked


# --- the animation --------------------------------------------------------------------------------

_SECONDS_OF_FRAME = 0.09  # a picture at most so often
_LONGEST_FRAME = 0.6  # seconds: longer waits are cut
_LAST_FRAME = 1.6  # seconds
_FILM_COLOURS = 128


@dataclass
class Film:
    """Pictures of a part of a page, with the time for which each is shown.

    Attributes
    ----------
    clip : dict
        The part, in CSS pixels.
    """

    page: Page
    clip: dict[str, float]
    frames: list[Image.Image] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def shoot(self, seconds: float) -> None:
        """Record for some seconds."""
        end = time.monotonic() + seconds
        while True:
            began = time.monotonic()
            self.take()
            rest = _SECONDS_OF_FRAME - (time.monotonic() - began)
            if rest > 0:
                self.page.wait_for_timeout(rest * 1000)
            self.seconds[-1] += time.monotonic() - began
            if time.monotonic() >= end:
                return

    def take(self, seconds: float = 0.0) -> None:
        """Record one picture; one like the last only makes that last longer."""
        shot = Image.open(io.BytesIO(self.page.screenshot(clip=self.clip))).convert("RGB")
        if self.frames and ImageChops.difference(shot, self.frames[-1]).getbbox() is None:
            self.seconds[-1] += seconds
            return
        self.frames.append(shot)
        self.seconds.append(seconds)

    def write(self, path: Path) -> float:
        """Write the animation; return how many seconds it takes."""
        times = [min(seconds, _LONGEST_FRAME) for seconds in self.seconds]
        times[-1] = _LAST_FRAME
        palette = _shared_palette(self.frames)
        reduced = [
            frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self.frames
        ]
        path.parent.mkdir(parents=True, exist_ok=True)
        reduced[0].save(
            path,
            save_all=True,
            append_images=reduced[1:],
            duration=[max(20, round(seconds * 100) * 10) for seconds in times],
            loop=0,
            optimize=True,
        )
        return sum(times)


def _shared_palette(frames: list[Image.Image]) -> Image.Image:
    """Return the colours of all frames together, so that no part flickers between two shades."""
    some = frames[:: max(1, len(frames) // 12)]
    width, height = some[0].size
    sheet = Image.new("RGB", (width, height * len(some)))
    for index, frame in enumerate(some):
        sheet.paste(frame, (0, index * height))
    return sheet.quantize(_FILM_COLOURS, method=Image.Quantize.MEDIANCUT)


_FILM_CELLS = (
    _LOAD,
    untranslated(""),
    untranslated("%ernie panel"),
    _REVIEWS,
    untranslated(""),
)
_FILM_QUESTION = Text(
    "%%ernie\n介绍一下北京：一个小标题、一个列表、一张表格",
    "%%ernie\nTell me about Beijing: a heading, a list, a table",
)


def film_demo(language: Language) -> float:
    """Record: type, stream, stop; move a slider and ask in the panel; fill a table."""
    with studio(language, width=900, height=600, scale=1) as room:
        notebook = room.open([text.say(language) for text in _FILM_CELLS])
        notebook.run(0, 2, 3)
        room.page.wait_for_timeout(1500)
        film = Film(room.page, _box(notebook.panel.locator(".jp-WindowedPanel-outer")))
        _film_cell(film, notebook, _FILM_QUESTION.say(language))
        _film_panel(film, notebook, _FILM_PANEL_QUESTION.say(language))
        _film_table(film, notebook, SCENES["table"].cells[-1].say(language))
        return film.write(FOLDERS[language] / "demo.gif")


def _type(film: Film, text: str) -> None:
    letters = 3 if text.isascii() else 1
    for start in range(0, len(text), letters):
        film.page.keyboard.insert_text(text[start : start + letters])
        film.take(0.09)


def _film_cell(film: Film, notebook: Notebook, cell: str) -> None:
    _edit(notebook, 1)
    notebook.cells.nth(0).evaluate("cell => cell.scrollIntoView({block: 'start'})")
    film.shoot(0.4)
    line, prompt = cell.split("\n", 1)
    _type(film, line)
    film.page.keyboard.press("Escape")  # no completion
    _edit(notebook, 1, at_end=True)
    film.page.keyboard.press("Enter")
    _type(film, prompt)
    film.shoot(0.3)
    notebook.select(1)
    notebook.begin("notebook:run-cell")
    film.shoot(1.8)
    notebook.begin("notebook:interrupt-kernel")
    film.shoot(1.5)
    notebook.wait_idle()


def _edit(notebook: Notebook, index: int, *, at_end: bool = False) -> None:
    """Put the cursor into a cell."""
    notebook.select(index)
    notebook.command("notebook:enter-edit-mode")
    if at_end:
        notebook.page.keyboard.press("Control+End")


def _film_panel(film: Film, notebook: Notebook, question: str) -> None:
    panel = notebook.output(2).locator(".ernie-panel")
    notebook.cells.nth(2).evaluate("cell => cell.scrollIntoView({block: 'start'})")
    film.shoot(0.5)
    drag_slider(panel, 0.4, lambda: film.take(0.09))
    film.shoot(0.2)
    panel.locator(".ernie-prompt textarea:visible").click()
    _type(film, question)
    film.page.keyboard.press("Control+Enter")
    film.shoot(2.2)


def _film_table(film: Film, notebook: Notebook, cell: str) -> None:
    notebook.page.evaluate(
        "([i, text]) => window.jupyterapp.shell.currentWidget.content.widgets[i].model"
        ".sharedModel.setSource(text)",
        [4, cell],
    )
    notebook.select(4)
    notebook.cells.nth(4).evaluate("cell => cell.scrollIntoView({block: 'end'})")
    notebook.cells.nth(3).evaluate("cell => cell.scrollIntoView({block: 'start'})")
    film.shoot(0.6)
    notebook.begin("notebook:run-cell")
    film.shoot(1.8)
    notebook.wait_idle()
    film.take(0.5)


# --- the command ----------------------------------------------------------------------------------


def retake(name: str) -> None:
    """Take the pictures of one place: "README", "demo", or a notebook's name."""
    if name in ("README", "demo"):
        for language in LANGUAGES:
            if name == "demo":
                print(f"{language}: {film_demo(language):.1f} s")
            else:
                take_readme_pictures(language)
        return
    notebooks.refresh(notebooks.FOLDER / f"{name}.ipynb", retake=True)


def main(names: list[str]) -> None:
    """Retake the pictures of these places, or all."""
    for name in names or ["README", "demo", *(path.stem for path in notebooks.NOTEBOOKS)]:
        retake(name)


if __name__ == "__main__":
    main(sys.argv[1:])
