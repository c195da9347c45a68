"""Outputs that cannot show every character: nothing raises, and nothing is lost."""

import io
import subprocess
import sys

import pytest

from ernie_magic.text.encodings import accept_any_text, fit_encoding, restore_error_handlers


def output_in(encoding, **options):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, **options)


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("utf-8", "✓ 你好 … é", "✓ 你好 … é"),
        ("gbk", "✓ 你好 … é 😀", "OK 你好 … é \\U0001f600"),
        ("gbk", "⚠ ⓘ ▶ ≤ ∞", "! i > ≤ ∞"),
        ("cp1252", "⚠ ⓘ ▶ ≤ ∞ −", "! i > <= inf -"),
        ("cp1252", "✓ 你好 … é", "OK \\u4f60\\u597d … é"),
        ("cp437", "✗ a – b", "FAILED a - b"),
        ("ascii", "✗ a – b · c，d", "FAILED a - b - c, d"),
        ("latin-1", "“x” → y", '"x" -> y'),
        ("no-such-encoding", "✓", "✓"),
    ],
)
def test_what_an_encoding_lacks_is_written_in_ascii(encoding, text, shown):
    class Output(io.StringIO):
        pass

    Output.encoding = encoding
    assert fit_encoding(text, Output()) == shown
    assert fit_encoding(text, io.StringIO()) == text


def test_an_output_accepts_any_text_until_it_is_restored():
    output = output_in("ascii")
    accept_any_text(output)
    output.write("✓ 好")
    output.flush()
    assert output.buffer.getvalue() == b"OK \\u597d"
    restore_error_handlers(output)
    with pytest.raises(UnicodeEncodeError):
        output.write("✓")


def test_an_output_that_has_its_own_way_keeps_it():
    outputs = [output_in("utf-8"), output_in("gbk", errors="replace"), io.StringIO()]
    accept_any_text(*outputs, None)
    assert [getattr(output, "errors", None) for output in outputs] == ["strict", "replace", None]


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
@pytest.mark.parametrize("encoding", ["ascii", "gbk", "cp1252", "latin-1"])
def test_an_output_gets_its_own_way_back(encoding, errors):
    output = output_in(encoding, errors=errors)
    for _ in range(2):
        accept_any_text(output)
        assert output.errors not in ("strict", "surrogateescape")
        accept_any_text(output)
        restore_error_handlers(output)
        assert output.errors == errors
        restore_error_handlers(output)
        assert output.errors == errors


@pytest.mark.parametrize(
    ("encoding", "text", "written"),
    [
        ("ascii", "caf\udce9.txt ✓", b"caf\xe9.txt OK"),
        ("ascii", "✗✗\udce9\udcff✗–\udc80", b"FAILEDFAILED\xe9\xffFAILED-\x80"),
        ("gbk", "好\udcff😀", b"\xba\xc3\xff\\U0001f600"),
        ("ascii", "\ud800\udc7f", b"\\ud800\\udc7f"),
        ("cp1252", "é\udce9→", b"\xe9\xe9->"),
    ],
)
def test_the_bytes_of_a_file_s_name_are_written_as_they_are(encoding, text, written):
    output = output_in(encoding, errors="surrogateescape")
    accept_any_text(output)
    output.write(text)
    output.flush()
    assert output.buffer.getvalue() == written


PRINTED = """
import ernie_magic
from ernie_magic.session import Session
from ernie_magic.text.redact import redact
session = Session(service="local", base_url="http://127.0.0.1:9/v1", api_key="k-0123456789abcdef")
session.settings.headers = {"X-Key": "canary"}
print(session.endpoint(), session.settings, session, sep="\\n")
session.use("emulator")
answer = session.chat("[[echo]]" + "long " * 50)
print(repr(answer), session.history, session.search("x", ["long " * 50]), sep="\\n")
print(session.image("a cat in a very long " * 9), session.embed(["a"]), session.map("{{text}}", ["a"]))
"""


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "cp1252", "utf-8"])
def test_what_python_prints_of_ours_does_not_end_a_script(encoding, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("ERNIE_EMULATOR_LATENCY", "0")
    done = subprocess.run([sys.executable, "-c", PRINTED], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(encoding)
    printed = done.stdout.decode(encoding)
    hidden = "***" if encoding in ("ascii", "gbk") else "•••"
    assert hidden in printed
    assert "Embeddings(" in printed
