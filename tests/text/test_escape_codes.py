"""Escape codes only where they are obeyed."""

import builtins
import io
import sys
from types import SimpleNamespace

import pytest

from ernie_magic.errors import InvalidOption
from ernie_magic.text.escape_codes import takes_escape_codes
from ernie_magic.text.language import Text


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def reader(monkeypatch):
    """Set what reads the output: the environment, standard output and IPython's shell."""

    def set_reader(environ=(), out=None, **shell):
        for name in ("NO_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        for name, value in dict(environ).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdout", Screen() if out is None else out)
        running = SimpleNamespace(**shell) if shell else None
        monkeypatch.setattr(builtins, "get_ipython", lambda: running, raising=False)

    return set_reader


@pytest.mark.parametrize(
    ("given", "takes"),
    [
        ({"environ": {"TERM": "xterm-256color"}}, True),
        ({"colors": "Linux"}, True),
        ({"environ": {"NO_COLOR": "1"}}, False),
        ({"environ": {"NO_COLOR": ""}}, True),
        ({"environ": {"TERM": "dumb"}}, False),
        ({"out": io.StringIO()}, False),
        ({"out": SimpleNamespace(write=print)}, False),
        ({"colors": "NoColor"}, False),
        ({"colors": "nocolor", "kernel": 1}, False),
        ({"colors": "Neutral", "kernel": 1, "out": io.StringIO()}, True),
        ({"colors": "Neutral", "kernel": 1, "environ": {"TERM": "dumb"}}, True),
    ],
    ids=[
        "terminal",
        "colors",
        "NO_COLOR",
        "empty NO_COLOR",
        "dumb",
        "file",
        "no isatty",
        "IPython",
        "colorless kernel",
        "kernel",
        "kernel of a dumb terminal",
    ],
)
def test_escape_codes_go_where_they_are_obeyed(reader, given, takes):
    reader(**given)
    assert takes_escape_codes() is takes
    (line,) = InvalidOption(Text("坏", "bad"), language="en")._render_traceback_()
    assert line == ("\x1b[1mInvalidOption\x1b[0m: bad." if takes else "InvalidOption: bad.")
