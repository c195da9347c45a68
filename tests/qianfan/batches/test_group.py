"""Files, batches and tables asked as a batch, over real HTTP."""

import asyncio
import json
import subprocess
import sys
import threading
import time

import pytest

from ernie_magic import errors
from ernie_magic.qianfan.batches.group import batch_url, failed_batch_error, read_batch
from ernie_magic.qianfan.batches.results import read_results
from ernie_magic.qianfan.files import ServicePaths
from ernie_magic.session import Session
from ernie_magic.storage import open_batches
from tests.raw_server import Server, http

BODY = {"model": "ernie-3.5-8k", "messages": [{"role": "user", "content": "[[echo]]hi"}]}
ROWS = [{"t": "很好"}, {"t": "太差了"}]
PROMPT = "情感（好评/差评）：{{t}}"


@pytest.fixture(params=["emulator", "local", "qianfan"])
def session(request, emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    given = {
        "emulator": {},
        "local": {"base_url": emulator.base_url, "api_key": "k-batches"},
        "qianfan": {"bearer_token": "bce-v3/ALTAK-x/0123"},
    }[request.param]
    with Session(service=request.param, language="en", model="ernie-3.5-8k", **given) as session:
        yield session


@pytest.fixture
def local(emulator, monkeypatch, tmp_path):
    """A session on a service whose log and faults a test can see."""
    monkeypatch.setattr("ernie_magic.qianfan.batches.group.LONG_PAUSE", 0.01)
    emulator.requests.clear()
    with Session(
        service="local",
        base_url=emulator.base_url,
        api_key="k-batches",
        language="en",
        model="ernie-3.5-8k",
        retry_count=1,
    ) as session:
        yield session


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".ernie").mkdir()
    monkeypatch.setattr("ernie_magic.qianfan.batches.group.LONG_PAUSE", 0.01)


def wait_until(happened):
    ends = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.01)


def reply(body, status="200 OK"):
    return http(json.dumps(body), status, kind="application/json")


def created(emulator):
    return [call for call in emulator.requests if call.path.endswith("/batches") and call.body]


def test_a_file_is_kept_read_and_deleted(session):
    file = session.files.upload(b'{"a": 1}\n', name="rows.jsonl")
    assert (file.name, file.size, file.purpose) == ("rows.jsonl", 9, "batch")
    assert file in session.files.list()
    assert session.files.get(file.id) == file
    assert session.files.content(file) == b'{"a": 1}\n'
    assert session.files.delete(file)
    with pytest.raises(errors.ServiceError):
        session.files.get(file)


def test_all_pages_of_files_are_listed(local, emulator):
    kept = {local.files.upload(b"{}\n", name=f"{i}.jsonl", purpose="evals").id for i in range(3)}
    listed = local.files.list(purpose="evals")
    assert kept <= {file.id for file in listed}


def test_a_batch_is_sent_watched_and_read(session):
    batch = session.batches.create([BODY, {**BODY, "model": "nobody"}], confirm=True)
    assert batch.state == "validating"
    done = session.batches.watch(batch)
    assert (done.state, done.total, done.completed, done.failed) == ("completed", 2, 1, 1)
    results = {result.custom_id: result for result in session.batches.results(done)}
    assert results["row-0"].body["choices"][0]["message"]["content"] == "hi"
    assert results["row-1"].status == 404
    assert done.id in [each.id for each in session.batches.list()]


@pytest.mark.parametrize("confirm", [False, "no", "false", 1])
def test_nothing_is_sent_without_a_confirmation(local, emulator, confirm):
    told = r"a batch of 2 requests \(ernie-3.5-8k\) to /chat/completions, .* within 24h"
    with pytest.raises(errors.NotConfirmed, match=told) as caught:
        local.batches.create([BODY, BODY], confirm=confirm)
    assert caught.value.plan == [BODY, BODY]
    assert not [call for call in emulator.requests if call.method == "POST"]


@pytest.mark.parametrize("requests", [[], [BODY] * 5001, "", [1], None, {"a": 1}, 5])
def test_what_is_no_batch_is_told_at_once(local, emulator, requests):
    with pytest.raises(errors.ErnieError):
        local.batches.create(requests, confirm=True)
    assert not created(emulator)


def test_a_batch_is_cancelled(local):
    batch = local.batches.create([BODY, BODY], confirm=True)
    assert local.batches.cancel(batch).state == "cancelling"
    assert local.batches.watch(batch).state == "cancelled"


def test_a_watch_that_is_stopped_says_that_the_batch_goes_on(local):
    batch = local.batches.create([BODY], confirm=True)
    stream = local.batches._begin_watch(batch)
    next(stream.iter_batches())
    told = stream.stop().stop_message.en
    assert told.endswith(f"goes on: %ernie batches {batch.id} watches it again")
    assert local.batches.watch(batch).is_over


def test_a_file_that_is_wrong_is_told_with_its_line(local):
    file = local.files.upload(b'{"custom_id": "a"}\n{\n', name="rows.jsonl")
    batch = local.batches.create(file.id, confirm=True)
    done = local.batches.watch(batch)
    assert done.state == "failed"
    assert done.problems[1] == "line 2: This line is not parseable as valid JSON."


def test_the_paths_are_settings(local, emulator):
    local.settings.files_path = "/v2/files"
    local.settings.base_url = emulator.url
    assert local.files.upload(b"{}\n", name="a.jsonl").id
    assert emulator.requests[-1].path == "/v2/files"


def test_qianfan_v1_has_none():
    with (
        Session(service="qianfan-v1", api_key="24.token", language="en") as session,
        pytest.raises(errors.InvalidOption, match="neither files nor batches"),
    ):
        session.files.list()


def test_a_table_is_asked_as_one_batch(session):
    mapped = session.map(PROMPT, [*ROWS, {"t": "[[error]]"}], batch=True)
    assert [row["answer"] for row in mapped.rows] == ["好评", "差评", None]
    assert "Internal error" in mapped.errors[2]
    assert mapped.usage.total_tokens > 0
    assert mapped.asked == 2


def test_a_batch_counts_against_no_limit_of_a_minute(local, emulator, monkeypatch):
    monkeypatch.setattr(emulator.rates, "requests", 1)
    local.settings.api_key = "k-batch-limit"
    assert not local.map(PROMPT, ROWS, batch=True).errors
    assert local.chat("hi", history=False).text


def test_typed_columns_and_resume_work_as_without_a_batch(local, emulator):
    schema = {"sentiment": str, "score": int}
    first = local.map("{{t}}", ROWS, schema=schema, batch=True)
    assert not first.errors
    count = len(created(emulator))
    again = local.map("{{t}}", ROWS, schema=schema, batch=True, resume=True)
    assert again.rows == first.rows
    assert again.asked == 0
    assert len(created(emulator)) == count == 1


def test_an_interrupted_table_goes_on_with_its_batch(local, emulator, monkeypatch):
    monkeypatch.setattr("ernie_magic.qianfan.batches.group.LONG_PAUSE", 30.0)
    stream = local.begin_map(PROMPT, ROWS, batch=True)
    told = threading.Event()

    def read():
        for deltas in stream.iter_batches():
            if any(delta.notice and "validating" in delta.notice.en for delta in deltas):
                told.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert told.wait(10)
    assert stream.stop().partial
    reader.join(10)
    assert not reader.is_alive()
    monkeypatch.setattr("ernie_magic.qianfan.batches.group.LONG_PAUSE", 0.01)
    mapped = local.map(PROMPT, ROWS, batch=True)
    assert [row["answer"] for row in mapped.rows] == ["好评", "差评"]
    assert len(created(emulator)) == 1


def test_sessions_that_ask_the_same_at_once_share_one_batch(local, emulator):
    emulator.faults.add(path="/files", delay=0.3, times=1)
    given = {"base_url": local.settings.base_url, "api_key": "k-batches", "model": "ernie-3.5-8k"}
    with Session(service="local", **given) as other:
        first = local.begin_map(PROMPT, ROWS, batch=True)
        second = other.begin_map(PROMPT, ROWS, batch=True)
        third = local.begin_map(PROMPT, ROWS, batch=True)
        answers = [[row["answer"] for row in each.result().rows] for each in (second, third, first)]
    assert answers == [["好评", "差评"]] * 3
    assert len(created(emulator)) == 1
    # A later call, though, is meant.
    local.map(PROMPT, ROWS, batch=True)
    assert len(created(emulator)) == 2


ASKING = """
import sys
from ernie_magic import Session
from ernie_magic.qianfan.batches import group as batches
batches.LONG_PAUSE = 0.01
session = Session(service="local", base_url=sys.argv[1], api_key="k", model="ernie-3.5-8k")
print("ready", flush=True)
sys.stdin.readline()
mapped = session.map(sys.argv[2], [{"t": "很好"}, {"t": "太差了"}], batch=True)
print(ascii([row["answer"] for row in mapped.rows]), flush=True)
"""


@pytest.fixture
def asking(emulator):
    """Starts processes that ask for the table when they are told to."""
    begun = []

    def start():
        command = [sys.executable, "-c", ASKING, emulator.base_url, PROMPT]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def test_processes_that_ask_the_same_at_once_share_one_batch(local, emulator, asking):
    processes = [asking(), asking()]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    emulator.faults.add(path="/files", delay=0.3, times=1)
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.communicate(timeout=20)[0] == ascii(["好评", "差评"]) + "\n"
    assert len(created(emulator)) == 1


def test_the_claim_of_a_process_that_was_killed_is_taken_over(local, emulator, asking, monkeypatch):
    process = asking()
    emulator.faults.add(path="/files", delay=20, times=1)
    process.stdin.write("go\n")
    process.stdin.flush()
    wait_until(lambda: any(call.path.endswith("/files") for call in emulator.requests))
    process.kill()
    process.wait()
    told = []
    stream = local.begin_map(PROMPT, ROWS, batch=True)
    for deltas in stream.iter_batches():
        told += [delta.notice.en for delta in deltas if delta.notice]
        if "another session is sending the same batch: it is waited for" in told:
            monkeypatch.setattr(open_batches, "CLAIM_SECONDS", 0.0)  # as if its time were over
    assert told[0] == "another session is sending the same batch: it is waited for"
    assert [row["answer"] for row in stream.result().rows] == ["好评", "差评"]
    assert len(created(emulator)) == 1


def test_who_lost_the_claim_while_the_computer_slept_sends_nothing(local, emulator, monkeypatch):
    upload = ServicePaths.upload

    async def upload_and_oversleep(paths, form):
        file = await upload(paths, form)
        if not taken:
            monkeypatch.setattr(open_batches, "CLAIM_SECONDS", 0.0)
            taken.append(local.begin_map(PROMPT, ROWS, batch=True))
            await asyncio.to_thread(wait_until, lambda: created(emulator))
            monkeypatch.setattr(open_batches, "CLAIM_SECONDS", 15.0)
        return file

    taken = []
    monkeypatch.setattr(ServicePaths, "upload", upload_and_oversleep)
    mapped = local.map(PROMPT, ROWS, batch=True)
    assert [row["answer"] for row in mapped.rows] == ["好评", "差评"]
    assert [row["answer"] for row in taken[0].result().rows] == ["好评", "差评"]
    assert len(created(emulator)) == 1


def test_a_batch_that_the_service_has_forgotten_is_sent_again(local, emulator, monkeypatch):
    monkeypatch.setattr("ernie_magic.storage.open_batches.find_batch", lambda *_: "batch-forgotten")
    mapped = local.map(PROMPT, ROWS, batch=True)
    assert not mapped.errors
    assert len(created(emulator)) == 1


def test_a_lost_reply_is_told_and_nothing_is_sent_twice(local, emulator):
    emulator.faults.add(path="/batches", lose_reply=True, times=1)
    with pytest.raises(errors.OutcomeUnknown, match=r"ernie\.batches\.list"):
        local.map(PROMPT, ROWS, batch=True)
    assert len(created(emulator)) == 1


def test_a_table_whose_batch_may_exist_looks_for_it_before_it_sends_another(local, emulator):
    emulator.faults.add(path="/batches", lose_reply=True)
    with pytest.raises(errors.OutcomeUnknown):
        local.map(PROMPT, ROWS, batch=True)
    mapped = local.map(PROMPT, ROWS, batch=True)
    assert [row["answer"] for row in mapped.rows] == ["好评", "差评"]
    assert len(created(emulator)) == 1


def test_a_batch_that_was_refused_is_not_looked_for(local, emulator):
    emulator.faults.add(path="/batches", code="malformed_json")
    with pytest.raises(errors.BadRequest):
        local.map(PROMPT, ROWS, batch=True)
    emulator.requests.clear()
    assert not local.map(PROMPT, ROWS, batch=True).errors
    assert [call.method for call in emulator.requests if call.path.endswith("/batches")] == ["POST"]


def test_a_batch_that_is_stopped_while_it_is_sent_may_exist(local, emulator):
    emulator.faults.add(path="/batches", delay=5)
    stream = local.batches._begin_create([BODY], confirm=True)
    wait_until(lambda: created(emulator))
    assert "may have been created" in stream.stop().stop_message.en


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_batch_that_this_account_has_not_is_sent_anew(local, emulator, monkeypatch, status):
    monkeypatch.setattr("ernie_magic.storage.open_batches.find_batch", lambda *_: "batch-other")
    with Server() as server:
        server.replies = {
            "/v2/batches/batch-other": reply({}, f"{status} No"),
            "/v2/batches/batch-1": reply({"id": "batch-1", "status": "failed"}),
            "/v2/batches": reply({"id": "batch-1", "data": []}),
            "/v2/files": reply({"id": "file-1"}),
        }
        local.settings.base_url = f"{server.url}/v2"
        with pytest.raises(errors.ErnieError, match="batch-1 did not complete"):
            local.map(PROMPT, ROWS, batch=True)


def test_a_batch_whose_results_are_gone_is_sent_again_by_the_next_call(local):
    with Server() as server:
        done = {"id": "batch-1", "status": "completed", "output_file_id": "gone"}
        server.replies = {
            "/v2/batches": reply(done),
            "/v2/files": reply({"id": "file-1"}),
            "/v2/files/gone": reply({}, "404 No"),
        }
        local.settings.base_url = f"{server.url}/v2"
        for _ in range(2):
            with pytest.raises(errors.BadRequest, match="results of the batch batch-1 are not"):
                local.map(PROMPT, ROWS, batch=True)
        assert server.requests.count("/v2/batches") == 2


class LateReplies(dict):
    """Replies by path, some of which come only after others."""

    def __init__(self, replies, first):
        super().__init__(replies)
        self.first = {path: list(others) for path, others in first.items()}

    def __getitem__(self, path):
        others = self.first.get(path)
        return others.pop(0) if others else super().__getitem__(path)


BATCH, OUT = "/v2/batches/batch-1", "/v2/files/out/content"
DONE = {
    "id": "batch-1",
    "status": "completed",
    "output_file_id": "out",
    "request_counts": {"total": 2, "completed": 2, "failed": 0},
}
LATE = {
    "the batch, after its creation": {BATCH: [reply({}, "404 No")]},
    "the batch, for a while": {BATCH: [reply({**DONE, "status": "x"}), reply({}, "404 No")]},
    "the right to look": {BATCH: [reply({}, "403 No")] * 2},
    "its results": {OUT: [reply({}, "404 No")]},
    "the id of its results": {BATCH: [reply({**DONE, "output_file_id": None})]},
}


@pytest.mark.parametrize("name", LATE)
def test_a_batch_that_a_service_does_not_show_for_a_moment_is_not_sent_again(local, name):
    texts = ("好评", "差评")
    bodies = [
        {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]} for text in texts
    ]
    lines = [
        json.dumps({"custom_id": f"row-{i}", "response": {"status_code": 200, "body": body}})
        for i, body in enumerate(bodies)
    ]
    replies = {
        BATCH: reply(DONE),
        OUT: http("\n".join(lines), kind="application/octet-stream"),
        "/v2/batches": reply({"id": "batch-1", "status": "validating"}),
        "/v2/files": reply({"id": "file-1"}),
    }
    with Server() as server:
        server.replies = LateReplies(replies, LATE[name])
        local.settings.base_url = f"{server.url}/v2"
        mapped = local.map(PROMPT, ROWS, batch=True)
        assert tuple(row["answer"] for row in mapped.rows) == texts
        assert server.requests.count("/v2/batches") == 1


@pytest.mark.parametrize("path", [BATCH, OUT])
def test_a_key_that_may_not_read_batches_sends_one_however_often_it_runs(local, monkeypatch, path):
    monkeypatch.setattr("ernie_magic.qianfan.batches.rows._LATE_LOOKS", 1)
    with Server() as server:
        local.settings.base_url = f"{server.url}/v2"
        created = {
            "/v2/batches": reply({"id": "batch-1", "status": "validating"}),
            "/v2/files": reply({"id": "file-1"}),
            BATCH: reply(DONE),
        }
        refused = {path: reply({}, "403 No"), "/v2/batches": reply({}, "403 No")}
        for replies in (created | {path: refused[path]}, created | refused):
            server.replies = replies
            with pytest.raises(errors.ErnieError):
                local.map(PROMPT, ROWS, batch=True)
        assert server.requests.count("/v2/files") == 1


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("/v2", "/chat/completions", "/v2/chat/completions"),
        ("/compatible-mode/v1", "/chat/completions", "/v1/chat/completions"),
        ("/api/paas/v4/", "/chat/completions", "/v4/chat/completions"),
        ("/openai/v1", "/embeddings", "/v1/embeddings"),
        ("/v1beta/openai", "/chat/completions", "/v1beta/openai/chat/completions"),
        ("/v1/accounts/me/v2", "/chat/completions", "/v2/chat/completions"),
        ("/video/api", "/chat/completions", "/video/api/chat/completions"),
        ("", "/chat/completions", "/chat/completions"),
        ("/v1", "/v1/chat/completions", "/v1/chat/completions"),
        ("/openai/v1", "/v1/responses", "/v1/responses"),
    ],
)
def test_a_line_names_its_call_from_the_version_on(base, path, url):
    assert batch_url(f"https://service.example{base}", path) == url


def test_a_batch_without_an_id_may_have_been_created(local):
    with Server() as server:
        server.replies = {
            "/v2/batches": reply({"object": "batch"}),
            "/v2/files": reply({"id": "file-1"}),
        }
        local.settings.base_url = f"{server.url}/v2"
        with pytest.raises(errors.OutcomeUnknown, match="the reply has no id"):
            local.map(PROMPT, ROWS, batch=True)


def test_batch_and_executor_exclude_each_other(local):
    with pytest.raises(errors.InvalidOption, match="only one of batch and executor"):
        local.map(PROMPT, ROWS, batch=True, executor=object())


HOSTILE_LINES = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[1]",
    b'{"custom_id": 5}',
    b'{"custom_id": "a", "response": "x"}',
    b'{"custom_id": "a", "response": {"status_code": "200", "body": []}}',
    b'{"custom_id": "a", "error": {"message": "too late"}}',
    b'{"custom_id": "a", "error": "x"}',
    b"{" * 100_000,
]


@pytest.mark.parametrize("line", HOSTILE_LINES, ids=range(len(HOSTILE_LINES)))
def test_results_of_any_shape_are_read(line):
    for result in read_results(line + b"\n" + line):
        assert isinstance(result.custom_id, str)
        assert isinstance(result.body, dict)


REPLY = {"id": "c-1", "choices": [{"message": {"content": "ok"}}]}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"response": {"status_code": 200, "body": REPLY}}, (200, REPLY, "")),
        ({"response": {"status_code": 200, "body": json.dumps(REPLY)}}, (200, REPLY, "")),
        ({"response": json.dumps({"status_code": 200, "body": REPLY})}, (200, REPLY, "")),
        ({"response": REPLY, "error": None}, (200, REPLY, "")),
        ({"response": {"body": REPLY}}, (0, REPLY, "")),
        ({"response": None, "error": "content filter hit"}, (0, {}, "content filter hit")),
        ({"error": {"code": "E1", "message": "too long"}}, (0, {}, "too long")),
        ({"error": json.dumps({"message": "too long"})}, (0, {}, "too long")),
        ({"response": {"status_code": 502, "body": "Bad Gateway"}}, (502, {}, "Bad Gateway")),
        ({"response": {"status_code": 400, "request_id": "r"}}, (400, {}, "")),
        ({"response": {}, "error": None}, (0, {}, "")),
        ({"response": "gone"}, (0, {}, "gone")),
    ],
)
def test_a_result_is_read_in_each_form_that_services_write(told, expected):
    (result,) = read_results(json.dumps({"custom_id": "a", **told}).encode())
    assert (result.status, result.body, result.error) == expected


@pytest.mark.parametrize(
    "reply",
    [{}, {"request_counts": 5}, {"errors": [1]}, {"status": None}, {"errors": {"data": [{}]}}],
)
def test_a_batch_of_any_shape_is_read(reply):
    batch = read_batch(reply)
    assert batch.percent == 0
    assert not batch.is_over


def test_a_result_with_a_key_does_not_show_it(emulator):
    key = "bce-v3/ALTAK-canary00/0123456789abcdefcanary"
    with Session(service="local", base_url=emulator.base_url, api_key=key):
        line = json.dumps({"custom_id": "a", "response": {"body": {"said": f"key {key}"}}})
        (result,) = read_results(line.encode())
        assert "0123456789abcdefcanary" not in json.dumps(result.body)


def test_a_completed_batch_without_files_is_not_said_to_need_mending():
    batch = read_batch({"id": "batch-1", "status": "completed"})
    line = failed_batch_error(batch).line("en")
    assert "names no file with its results" in line
    assert 'ernie.batches.results("batch-1")' in line
    failed = read_batch({"id": "batch-1", "status": "failed"})
    assert "did not complete: failed" in failed_batch_error(failed).line("en")
