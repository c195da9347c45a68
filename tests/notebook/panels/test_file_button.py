"""A button that takes files from the page: in parts, whatever their size."""

import pytest

from ernie_magic.notebook.panels.file_button import FileButton


@pytest.fixture
def given():
    return []


@pytest.fixture
def button(given):
    button = FileButton(
        "Load",
        "Load a file",
        ".json",
        "ernie-upload",
        given.append,
        on_too_large=lambda *args: given.append(args),
    )
    button.answers = []
    button.send = button.answers.append
    return button


def send(button, id_, part, *, last=False, size=6):
    message = {"op": "part", "id": id_, "last": last, "name": f"{id_}.txt", "size": size}
    button._handle_custom_msg(message, [memoryview(part)])


def test_a_file_arrives_whole_and_the_page_is_told_when_it_is_there(button, given):
    send(button, "a", b"abc")
    assert (given, button.answers) == ([], [])
    send(button, "a", b"def", last=True)
    (file,) = given
    assert (file.name, file.content, file.is_smaller) == ("a.txt", b"abcdef", False)
    assert button.answers == [{"op": "taken", "id": "a"}]


def test_files_that_come_at_once_stay_apart_and_an_empty_one_is_one(button, given):
    send(button, "a", b"abc")
    send(button, "b", b"xyz")
    send(button, "c", b"", last=True, size=0)
    send(button, "b", b"", last=True)
    send(button, "a", b"d", last=True)
    assert [(file.name, file.content) for file in given] == [
        ("c.txt", b""),
        ("b.txt", b"xyz"),
        ("a.txt", b"abcd"),
    ]


def test_the_page_is_told_of_a_file_that_could_not_be_used_too(button, given):
    button._on_file = lambda _file: 1 / 0
    with pytest.raises(ZeroDivisionError):
        button._on_page_message(
            button, {"op": "part", "id": "a", "last": True, "name": "a", "size": 1}, [b"a"]
        )
    button._handle_custom_msg({"op": "too_large", "id": "b", "name": "b.tif", "size": 9}, [])
    assert [answer["id"] for answer in button.answers] == ["a", "b"]
    assert given == [("b.tif", 9)]
