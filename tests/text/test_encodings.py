"""Outputs that cannot show every character: nothing raises, and nothing is lost."""

import io

import pytest

from ernie_magic.text.encodings import accept_any_text, fit_encoding, restore_strict_encoding


def output_in(encoding, **options):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, **options)


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("utf-8", "✓ 你好 … é", "✓ 你好 … é"),
        ("gbk", "✓ 你好 … é 😀", "OK 你好 … é \\U0001f600"),
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
    restore_strict_encoding(output)
    with pytest.raises(UnicodeEncodeError):
        output.write("✓")


def test_an_output_that_has_its_own_way_keeps_it():
    outputs = [output_in("utf-8"), output_in("gbk", errors="replace"), io.StringIO()]
    accept_any_text(*outputs, None)
    assert [getattr(output, "errors", None) for output in outputs] == ["strict", "replace", None]
