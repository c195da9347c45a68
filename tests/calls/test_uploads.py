"""Files that are sent as a form."""

import json

import pytest

from ernie_magic import errors
from ernie_magic.calls.uploads import read_form
from ernie_magic.session import Session
from tests.loopback_server import LoopbackServer

MEGABYTE = 1024 * 1024


class CuttingServer(LoopbackServer):
    """Hangs up after so many bytes of a request; answers one that is complete."""

    def __init__(self, bytes_read):
        self.bytes_read = bytes_read
        self.connections = 0
        super().__init__()

    async def _serve(self, reader, writer):
        self.connections += 1
        await reader.readexactly(self.bytes_read)
        writer.transport.abort()


@pytest.mark.parametrize("bytes_read", [1, 500, 200_000])
def test_an_upload_that_is_cut_is_told_in_one_line_and_not_sent_again(monkeypatch, bytes_read):
    with CuttingServer(bytes_read) as server:
        monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", server.url)
        monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
        path = "/v2/knowledgeBase?Action=UploadDocuments"
        with (
            Session(service="qianfan", retry_count=3, backoff_factor=0.0) as session,
            pytest.raises(errors.TransportError) as caught,
        ):
            session.wire.upload(path, b"x" * 8 * MEGABYTE, name="a.txt")
        assert "\n" not in str(caught.value)
        assert "hung up" in str(caught.value)
        assert server.connections == 1


def test_the_progress_of_an_upload_is_told(emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
    with Session(service="qianfan") as session:
        stream = session.wire._begin_upload("/v2/app?Action=Nothing", b"x" * MEGABYTE, name="a.txt")
        deltas = [delta for batch in stream.iter_batches() for delta in batch]
        with pytest.raises(errors.ErnieError):
            stream.result()
    progress = [delta.progress for delta in deltas if delta.progress]
    assert [step.done for step in progress] == [n * MEGABYTE // 4 for n in (1, 2, 3, 4)]
    assert {step.total for step in progress} == {MEGABYTE}


def test_fields_that_are_no_texts_are_sent_as_json(tmp_path):
    path = tmp_path / "报告.pdf"
    path.write_bytes(b"%PDF")
    form = read_form(path, {"payload": {"id": "名", "n": 1}, "plain": "x", "flag": True})
    assert json.loads(form.fields["payload"]) == {"id": "名", "n": 1}
    assert (form.fields["plain"], form.fields["flag"]) == ("x", "true")
    file = form.files[0]
    assert (file.field, file.name, file.content, file.media_type) == (
        "file",
        "报告.pdf",
        b"%PDF",
        "application/pdf",
    )


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (b"", "is empty"),
        ("missing.pdf", "cannot be read"),
        (".", "cannot be read"),
        ("a\0b", "cannot be read"),
        (None, "path is needed"),
        (7, "path is needed"),
        (["a.pdf"], "path is needed"),
    ],
)
def test_a_file_that_cannot_be_sent_is_told(file, told):
    with pytest.raises(errors.InvalidOption, match=told):
        read_form(file, {})


def test_a_field_that_cannot_be_written_is_told():
    with pytest.raises(errors.InvalidOption, match="JSON"):
        read_form(b"x", {"payload": {1, 2}})


def test_a_form_with_a_key_in_a_field_is_not_sent(emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-canary/0123456789abcdef")
    emulator.requests.clear()
    fields = {"payload": {"note": "bce-v3/ALTAK-canary/0123456789abcdef"}}
    with (
        Session(service="qianfan") as session,
        pytest.raises(errors.InvalidMessages, match="contains a key"),
    ):
        session.wire.upload("/v2/app/conversation/file/upload", b"x", fields)
    assert not emulator.requests
