"""`%%ernie_image` and `%ernie_image` in a shell without a kernel."""

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image

from ernie_magic.calls.images.files import save_pictures
from ernie_magic.calls.images.pictures import ImageSet
from ernie_magic.notebook.display.chat import describe_seconds
from ernie_magic.notebook.display.images import mime_bundle
from tests.ipython_versions import needs_ipython_8


def test_a_cell_makes_pictures_binds_and_keeps_them(run, shell, ernie, emulator):
    result, out = run(
        "%%ernie_image -n 2 --size 768x768 --style Anime --seed 42 --as cats\n一只白猫，红帽子"
    )
    assert result.success
    cats = shell.user_ns["cats"]
    assert isinstance(cats, ImageSet)
    assert ernie.images == [cats]
    assert ernie.last is cats
    assert out.splitlines() == [
        "… making the picture",
        "… downloading the picture",
        "#1 一只白猫，红帽子 · seed 42 (1 of 2) · 768x768",
        "#2 一只白猫，红帽子 · seed 42 (2 of 2) · 768x768",
        f"[Stable-Diffusion-XL · 2 pictures · {describe_seconds(cats.seconds, 'en')} · links expire {re.search('links expire ([^]]*)', out).group(1)}]",
    ]
    sent = next(
        logged.body for logged in emulator.requests if logged.path.endswith("/images/generations")
    )
    assert sent == {
        "model": "Stable-Diffusion-XL",
        "prompt": "一只白猫，红帽子",
        "n": 2,
        "size": "768x768",
        "style": "Anime",
        "seed": 42,
    }


def test_magic_and_python_make_the_same_request(run, ernie):
    run(
        "%%ernie_image -m ERNIE-Image --size 1024x1024 --use-pe off --guidance-scale 4 --param "
        "other=7 --seed 1\n{{'猫' * 2}}"
    )
    ernie.image(
        "猫猫",
        model="ERNIE-Image",
        size=(1024, 1024),
        use_pe=False,
        guidance_scale=4,
        extra={"other": 7},
        seed=1,
    )
    assert ernie.images[0].request == ernie.images[1].request


def test_files_are_written_and_named(run, shell):
    _, out = run('%%ernie_image -n 2 --seed 5 --save "out/{prompt}-{seed}-{i}" --as cats\n猫')
    assert sorted(path.name for path in Path("out").iterdir()) == ["猫-5-1.png", "猫-5-2.png"]
    assert f"saved: {Path('out/猫-5-1.png')}, {Path('out/猫-5-2.png')}" in out
    run("%%ernie_image --save\n一只 狗")
    assert Path("一只-狗-1.png").exists()


def test_links_are_downloaded_later(run, shell):
    run("%%ernie_image --preview url --as cats\n猫")
    result, out = run("%ernie_image download cats --as cats --save cat")
    assert result.success
    assert shell.user_ns["cats"][0].to_bytes() == Path("cat.png").read_bytes()
    assert "saved: cat.png" in out


def test_files_that_cannot_be_written_fail_the_cell_but_lose_no_picture(run, shell, ernie):
    Path("file").write_text("")
    result, out = run("%%ernie_image --save file/cat --as cats\n猫")
    assert "cannot be written" in str(result.error_in_exec)
    assert "#1 猫 · no seed reported · 1024x1024" in out
    assert shell.user_ns["cats"] is ernie.last


def test_bare_links(run, shell):
    _, out = run("%%ernie_image --preview url --as cats\n猫")
    assert shell.user_ns["cats"][0].content == b""
    assert shell.user_ns["cats"][0].url in out


def test_a_second_run_says_that_it_wrote_another_name(run, ernie):
    cell = "%%ernie_image -n 2 --save cat-{i}.png --as cats\n猫"
    assert "already exists" not in run(cell)[1]
    _, out = run(cell)
    assert (
        "saved: cat-1 (2).png (cat-1.png already exists), "
        "cat-2 (2).png (cat-2.png already exists)" in out
    )
    saved = save_pictures(ernie.last.good, "cat-{i}.png")
    page = mime_bundle(ernie.last, "en", saved_files=saved)[0]["text/html"]
    visible, folded = page.split("<details")
    assert "cat-1 (3).png (cat-1.png already exists)" in visible
    assert "--overwrite replaces them" in visible
    assert "cat-1" not in folded


def test_a_first_run_says_visibly_what_it_wrote(run, ernie):
    run("%%ernie_image --as cats\n猫")
    saved = save_pictures(ernie.last.good, "cat-{i}.png")
    page = mime_bundle(ernie.last, "zh", saved_files=saved)[0]["text/html"]
    assert "已保存：cat-1.png" in page.split("<details")[0]
    assert "--overwrite" not in page


def test_a_file_is_replaced_where_that_is_asked_for(run):
    Path("cat.png").write_bytes(b"older")
    result, out = run("%%ernie_image --save cat.png --overwrite\n猫")
    assert result.success
    assert "saved: cat.png\n" in out
    assert Path("cat.png").read_bytes().startswith(b"\x89PNG")
    assert not Path("cat (2).png").exists()
    _, out = run("%ernie_image redo cat.png --save cat.png --overwrite")
    assert "saved: cat.png\n" in out


@pytest.mark.parametrize(("ending", "said"), [(".jpg", True), (".webp", True), (".png", False)])
def test_a_picture_saved_in_another_format_than_its_name_says_so(run, ending, said):
    _, out = run(f"%%ernie_image --save cat{ending}\n猫")
    assert ("saved: cat.png (the picture is a PNG)" in out) is said


@pytest.mark.parametrize("flag", ["--image", "--picture", "--photo", "--图片"])
def test_a_picture_to_start_from_is_edited(run, flag):
    result, _ = run(f"%%ernie_image {flag} fox.png\na blue hat")
    assert "did you mean --edit?" in str(result.error_in_exec)


def test_what_is_saved_is_downloaded_whatever_is_shown(run, shell):
    run("%%ernie_image --preview url --save cat --as cats\n猫")
    assert Path("cat.png").read_bytes().startswith(b"\x89PNG")


def test_redo_vary_and_show(run, shell, ernie):
    run("%%ernie_image -n 2 --seed 42 --style Anime --save cat --as cats\n一只白猫")
    first = ernie.images[0].request
    assert run("%ernie_image redo cat-2.png")[0].success
    assert ernie.last.request == first
    assert ernie.last[0].content == shell.user_ns["cats"][0].content
    run("%ernie_image vary cats[1] --seed +1 --as more")
    assert shell.user_ns["more"].parameters == {"seed": 43, "style": "Anime"}
    run("%ernie_image vary cat-1.png --seed -2 --style Base -n 3 --prompt 狗")
    assert (ernie.last.parameters, ernie.last.prompt) == (
        {"n": 3, "style": "Base", "seed": 40},
        "狗",
    )
    run("%ernie_image vary cats[0] --seed=-{{40 + 1}} --negative-prompt ''")
    assert ernie.last.parameters == {"negative_prompt": "", "style": "Anime", "seed": 1}
    run("%ernie_image vary cats")
    assert ernie.last.parameters["seed"] == 44  # 43 belongs to the second one
    result, out = run("%ernie_image show cat-1.png")
    assert result.success
    assert re.search(r'parameters +\{"n": 2, "style": "Anime", "seed": 42\}', out)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "%%ernie_image\n \n",
            "the prompt is empty. What to do: write a prompt on the lines below the magic.",
        ),
        ("%%ernie_image --style Anme\n猫", "did you mean Anime?"),
        ("%%ernie_image -n 5\n猫", "n 5 is out of range [1, 4]"),
        ("%%ernie_image --siez 1x1\n猫", "no option --siez. What to do: did you mean --size?"),
        ("%%ernie_image --preview all\n猫", "--preview must be url if given"),
        ("%%ernie_image --size 100x100\n猫", "size 100x100 is not one of: 1024x1024 |"),
        ("%%ernie_image --as ernie\n猫", "--as 'ernie' is not a variable's name"),
        ("%%ernie_image --save {nothing}\n猫", "a file's name has no field {nothing}"),
        ("%%ernie_image a cat\nx", "'a' is not an option"),
        ("%%ernie_image --help\nx", "%%ernie_image? shows all options and examples"),
        ("%ernie_image", "usage: %ernie_image redo|vary|show|download FILE_OR_VARIABLE"),
        (
            "%ernie_image redo",
            "FILE_OR_VARIABLE. What to do: for example %ernie_image redo cat.png.",
        ),
        ("%ernie_image vary --seed 3", "for example %ernie_image vary cats[1] --seed +5."),
        ("%%ernie_image -n two\n猫", "What to do: for example -n 1."),
        ("%ernie_image rdeo x.png", "did you mean redo?"),
        ("%ernie_image vary cats --seed +abc", "seed '+abc' is not a whole number"),
        ("%ernie_image redo none.png", "no variable or file none.png"),
        ("%ernie_image 一只猫", "to make a picture use %%ernie_image with the prompt below"),
        ("%ernie_image show cats --full", "show takes no options"),
        (
            "%ernie_image vary cats --seed +1",
            (
                "this picture's seed is not known: nothing can be added to it. What to do: give a "
                "number: --seed 7"
            ),
        ),
        (
            "%ernie_image redo number",
            "int cannot be made again: a picture, a file or its parameters can",
        ),
        ("%ernie_image redo cats[9]", "cats[9]: there is no [9] in 1 picture"),
        (
            "%ernie_image vary cats foo",
            "a picture (a file or a variable) comes first, then options",
        ),
        ("%ernie_image redo cats[:0]", "ImageSet cannot be made again"),
        ("%ernie_image redo " + "cats." * 300 + "x", "ImageSet has no attribute cats"),
        ("%ernie_image show ~nobody/x.png", "no variable or file ~nobody/x.png"),
        ("%%ernie --image {{no_cat}}\n?", "there is no picture in {{no_cat}}"),
        ("%%ernie --image {{nothing}}\n?", "no variable or file nothing"),
        ("%%ernie --image nothing.png\n?", "no variable or file nothing.png"),
        ("%%ernie --image number\n?", "int is not a picture"),
        (
            "%%ernie --image a.jpg,g.gif\n?",
            (
                "--image takes one picture. What to do: write it once for each: --image a.jpg --image "
                "g.gif."
            ),
        ),
        ("%%ernie --image no_cat\n?", "there is no picture in no_cat"),
        ("%%ernie --image no_cats\n?", "there is no picture in no_cats"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_lost(run, shell, ernie, code, told):
    run("%%ernie_image --as cats\n猫")
    shell.user_ns |= {"number": 7, "no_cat": None, "no_cats": []}
    kept = len(ernie.images)
    result, _ = run(code)
    error = result.error_before_exec or result.error_in_exec
    assert told in str(error)
    assert "\n" not in str(error)
    assert len(ernie.images) == kept


@pytest.mark.parametrize("written", ["{{cats}}", "{{cats[0]}}", "{{raw}}", "{{ str(path) }}"])
@pytest.mark.parametrize("option", ["--image ", "--image="])
def test_a_picture_in_braces_is_attached(run, shell, ernie, tmp_path, option, written):
    run("%%ernie_image --as cats\n猫")
    path = tmp_path / "a cat.png"
    shell.user_ns |= {"raw": shell.user_ns["cats"][0].to_bytes(), "path": path}
    path.write_bytes(shell.user_ns["raw"])
    word = written if " " not in written else f'"{written}"'
    result, _ = run(f"%%ernie {option}{word}\nWhat is it?")
    assert result.success
    assert len(ernie.last.request.messages[-1]["content"]) == 2


def test_a_question_with_a_picture(run, shell):
    run("%%ernie_image --size 768x768 --as cats\n猫")
    _, out = run("%%ernie --image cats[0] --image cats --as answer\n这是什么？")
    assert "收到 2 张图片：PNG 768x768、PNG 768x768" in out
    assert len(shell.user_ns["ernie"].history[-1].images) == 2


@needs_ipython_8
@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", "不希望出现的内容"), ("en", "what the picture must not show")],
)
def test_help_has_every_option_in_the_set_language(shell, ernie, language, told):
    ernie.settings.language = language
    text = shell.find_cell_magic("ernie_image").__doc__
    assert "--negative-prompt" in text
    assert told in text
    assert "{prompt}" in text


def test_a_cell_edits_pictures_by_name(run, shell, ernie, emulator):
    run("%%ernie_image --size 768x768 --seed 1 --as cats\na cat")
    result, out = run("%%ernie_image --edit cats[0] --edit cats --seed 2\nadd a hat")
    assert result.success, out
    assert emulator.requests[-1].path.endswith("/images/edits")
    assert len(emulator.requests[-1].body["image"]) == 2
    assert ernie.images[-1].request.prompt == "add a hat"
    result, out = run("%%ernie_image --edit nothing\nadd a hat")
    assert not result.success
    result, out = run("%ernie_image redo cats[0] --edit cats[0] -m qwen-image-edit --seed 3")
    assert result.success, out


@pytest.mark.parametrize("count", [1, 2, 4])
def test_an_output_of_pictures_has_one_for_readers_without_html(ernie, count):
    data, _ = mime_bundle(ernie.image("a cat", n=count), "en")
    sheet = Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"])))
    assert sheet.format == "JPEG"
    assert sheet.width > 300


def test_a_set_is_shown_with_the_parameters_of_each_picture(run, shell):
    run("%%ernie_image -n 2 --seed 7 --as cats\na cat")
    table = run("%ernie_image show cats")[0].result
    assert table.headers == ["parameter", "#1", "#2"]
    assert ["index", "0", "1"] in table.rows
    one = run("%ernie_image show cats[1]")[0].result
    assert one.headers == ["parameter", "value"]
    assert ["index", "1"] in one.rows


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (3, "cats has 3 items: cats[0] to cats[2]"),
        (1, "cats has one item: cats[0]"),
        (0, "cats is empty"),
    ],
)
@pytest.mark.parametrize("code", ["%ernie_image show cats[5]", "%%ernie --image cats[5]\nhi"])
def test_a_picture_that_a_set_has_not_is_told_with_those_it_has(run, shell, code, count, told):
    shell.user_ns["cats"] = ["x"] * count
    result, _ = run(code)
    assert str(result.error_in_exec) == (
        f"cats[5] raised IndexError: list index out of range. What to do: {told}."
    )
    result, _ = run("%ernie_image show len(cats)/0")
    assert str(result.error_in_exec).endswith("try the expression in a cell of its own.")
