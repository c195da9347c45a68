"""The pictures that go with a prompt of the chat tab."""

import base64

import pytest

from ernie_magic.notebook.panels.attached_pictures import AttachedPicture

PNG = AttachedPicture.from_file(
    "x.png",
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    ),
)


def test_a_picture_goes_along(chat, ask, session, bodies, tmp_path):
    import PIL.Image

    PIL.Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    chat.selection.picker.selected_model = "ernie-4.5-turbo-vl"
    picture = AttachedPicture.from_file("red.png", (tmp_path / "red.png").read_bytes())
    chat.attached.pictures = (picture,)
    (thumbnail,) = chat.attached.thumbnails.children
    assert 'alt="red.png"' in thumbnail.children[0].value
    ask("what is it?")
    parts = bodies()[-1]["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url"]
    assert chat.transcript.shown_turns[0]["images"] == [parts[1]["image_url"]["url"]]
    assert chat.attached.pictures == ()


def test_a_picture_for_a_model_that_does_not_see_is_told_and_stays(chat, ask):
    chat.selection.picker.selected_model = "ernie-speed-8k"
    chat.attached.pictures = (PNG,)
    ask("what is it?")
    assert chat.composer.status.is_error
    assert len(chat.attached.pictures) == 1


def test_each_picture_is_removed_by_itself_and_belongs_to_its_conversation(chat, session):
    other = PNG._replace(name="y.png")
    chat.attached.pictures = (PNG, other)
    session["tutor"].chat("hi")
    chat.conversations.value = "tutor"
    assert (chat.attached.pictures, chat.attached.thumbnails.children) == ((), ())
    chat.conversations.value = "main"
    assert [picture.name for picture in chat.attached.pictures] == ["x.png", "y.png"]
    chat.attached.thumbnails.children[0].children[1].click()
    assert [picture.name for picture in chat.attached.pictures] == ["y.png"]
    chat.conversations.value = "tutor"
    chat.attached.pictures = (PNG,)
    chat.conversations.value = "main"
    session["tutor"].rename("lessons")
    chat.conversations.value = "lessons"
    assert [picture.name for picture in chat.attached.pictures] == ["x.png"]


def test_a_picture_makes_a_model_that_sees_the_default(chat, ask, session):
    assert chat.selection.picker.resolved_model == "ernie-4.5-turbo-128k"
    chat.attached.pictures = (PNG,)
    assert chat.selection.picker.resolved_model == "ernie-4.5-turbo-vl"
    chat.attached.thumbnails.children[0].children[1].click()
    assert chat.selection.picker.resolved_model == "ernie-4.5-turbo-128k"
    chat.attached.pictures = (PNG,)
    ask("what is it?")
    # The next prompt sends the picture again, with the conversation.
    assert chat.selection.picker.resolved_model == "ernie-4.5-turbo-vl"
    session.reset()
    assert chat.selection.picker.resolved_model == "ernie-4.5-turbo-128k"


def test_a_question_stopped_before_any_text_is_given_back_with_its_picture(
    chat, emulator, wait, session
):
    emulator.faults.add(delay=1, times=1)
    chat.selection.picker.selected_model = "ernie-4.5-turbo-vl"
    chat.attached.pictures = (PNG,)
    chat.composer.prompt.value = "one"
    chat.send_prompt()
    assert chat.attached.pictures == ()
    chat.stop_call()
    wait(lambda: not chat.is_busy)
    assert (
        chat.composer.prompt.value,
        [picture.name for picture in chat.attached.pictures],
        len(session.history),
    ) == ("one", ["x.png"], 0)


def give(chat, name, content, size=None):
    message = {"op": "part", "id": "1", "last": True, "name": name, "size": size or len(content)}
    chat.attached.button._handle_custom_msg(message, [content])
    return chat.composer.status


def test_pictures_that_are_chosen_one_after_the_other_are_all_attached(chat):
    for name in ("x.png", "y.png"):
        assert give(chat, name, PNG.content).text == ""
    assert chat.attached.pictures == (PNG, PNG._replace(name="y.png"))


@pytest.mark.parametrize("content", [b"", b"# Title\n", b"%PDF-1.7", b"\x89PNG\r\n"], ids=str)
def test_what_is_no_picture_is_refused_at_once_in_the_panel_s_words(chat, content):
    status = give(chat, "<b>.md", content)
    assert status.is_error
    assert status.text == (
        "<b>.md is not a picture that models can see, and is not attached: choose a PNG, JPEG, "
        "WebP or the like"
    )
    assert "<b>" not in status.widget.value
    assert chat.attached.pictures == ()


def test_a_picture_that_was_made_smaller_and_one_that_could_not_be_are_told(chat):
    status = give(chat, "x.png", PNG.content, 14_536_129)
    assert status.text.startswith("x.png has 14.5 MB: a smaller one is attached (")
    assert [picture.name for picture in chat.attached.pictures] == ["x.png"]
    message = {"op": "too_large", "id": "2", "name": "y.tif", "size": 25_000_000}
    chat.attached.button._handle_custom_msg(message, [])
    assert status.is_error
    smaller, too_large = status.text.split(" · ")
    assert smaller.startswith("x.png has 14.5 MB")
    assert too_large.startswith("y.tif has 25.0 MB, too large to attach")


def test_a_name_is_no_markup_in_a_thumbnail(chat):
    chat.attached.pictures = (PNG._replace(name='"><script>$x$'),)
    (thumbnail,) = chat.attached.thumbnails.children
    assert 'alt="&quot;&gt;&lt;script&gt;$x$"' in thumbnail.children[0].value
