"""Any other path of the service, and of Qianfan's platform."""

import asyncio
import json

import pytest

from ernie_magic import errors
from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.session import Session
from tests.raw_server import Server, http

SERVICE = {
    "modelSetId": "am-1",
    "modelId": "amv-1",
    "name": "mine",
    "resourceConfig": {"type": "CPU", "qps": 1},
}


@pytest.fixture
def pair(monkeypatch):
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("QIANFAN_SECRET_KEY", SECRET_KEY)


def credential_kinds(emulator):
    return [(entry.path, entry.headers["authorization"]) for entry in emulator.requests]


def test_any_other_path_of_the_service(session):
    assert session.wire.get("/models")["object"] == "list"
    body = {
        "model": "ernie-3.5-8k",
        "messages": [{"role": "user", "content": "[[echo]]a b"}],
        "stream": True,
    }
    chunks = list(session.wire.stream("/chat/completions", body))
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == "a b"
    assert (
        session.wire.post("/chat/completions", {**body, "stream": False})["choices"][0]["message"][
            "content"
        ]
        == "a b"
    )
    with pytest.raises(errors.ModelNotFound):
        session.wire.post("/chat/completions", {**body, "model": "nobody", "stream": False})
    with pytest.raises(errors.ModelNotFound):
        list(session.wire.stream("/chat/completions", {**body, "model": "nobody"}))
    with pytest.raises(errors.InvalidOption, match=r"ernie\.wire\.stream"):
        session.wire.post("/chat/completions", body)
    assert not session.history


def test_the_path_tells_which_credential_is_sent(session, emulator, pair):
    session.wire.call("service", "DescribeServices")
    session.wire.post("/v2/service?Action=DescribeServices", {"maxKeys": 5})
    session.wire.get("/v2/models")
    session.wire.get(f"{emulator.url}/v2/models")
    session.wire.post(f"{emulator.url}/v2/service?Action=DescribeServices", {})
    with pytest.raises(errors.BadRequest):
        session.wire.post("/v2/knowledgeBase?Action=NoSuchAction", {})
    assert credential_kinds(emulator) == [
        ("/v2/service", "bce-auth-v1 ***"),
        ("/v2/service", "bce-auth-v1 ***"),
        ("/v2/models", "Bearer ***"),
        ("/v2/models", "Bearer ***"),
        ("/v2/service", "bce-auth-v1 ***"),
        ("/v2/knowledgeBase", "Bearer ***"),
    ]


def test_a_whole_address_of_another_host_gets_no_key(session, emulator):
    for url in ("https://example.com/v2/models", f"{emulator.url}0/v2/models"):
        with pytest.raises(errors.InvalidOption, match="not below the service's own address"):
            session.wire.get(url)
    assert not emulator.requests


def test_the_console_needs_a_pair_and_says_which_variables(session, emulator):
    with pytest.raises(errors.MissingKey, match="QIANFAN_ACCESS_KEY and QIANFAN_SECRET_KEY"):
        session.wire.call("service", "DescribeServices")
    with pytest.raises(errors.MissingKey):
        session.wire.post("/wenxinworkshop/service/list", {})
    assert not emulator.requests


def test_one_half_of_a_pair_is_named(session, monkeypatch):
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", ACCESS_KEY)
    with pytest.raises(errors.MissingKey, match="QIANFAN_SECRET_KEY is not"):
        session.wire.call("service", "DescribeServices")


def test_a_wrong_secret_is_an_error_about_the_signature(session, monkeypatch, pair):
    monkeypatch.setenv("QIANFAN_SECRET_KEY", "another-secret")
    with pytest.raises(errors.AuthenticationFailed, match="signature was not accepted"):
        session.wire.call("service", "DescribeServices")


def test_an_unknown_access_key_is_named(session, monkeypatch, pair):
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", "nobody-s-access-key")
    with pytest.raises(
        errors.AuthenticationFailed, match="does not know this access key"
    ) as caught:
        session.wire.call("service", "DescribeServices")
    assert "nobody-s" not in str(caught.value)


def test_failures_of_the_console_have_the_service_s_words(session, emulator, pair):
    with pytest.raises(errors.BadRequest, match=r"param\[name\] invalid") as caught:
        session.wire.call("service", "CreateService", {"urlSuffix": "x_1"})
    assert (caught.value.code, caught.value.status) == ("InappropriateJSON", 400)
    with pytest.raises(errors.BadRequest, match="DescribeNothing"):
        session.wire.call("service", "DescribeNothing")
    for group in ("service?Action=X", "", "a/b"):
        with pytest.raises(errors.InvalidOption):
            session.wire.call(group, "X")
    with pytest.raises(errors.InvalidOption, match="/v2/charge"):
        session.wire.call("charge", "PurchaseTPMResource", {})
    assert len(emulator.requests) == 2


def test_what_creates_something_is_sent_once_and_what_reads_again(session, emulator, pair):
    session.settings.retry_count = 3
    emulator.faults.add(status=500, path="/v2/service")
    with pytest.raises(errors.ServerError):
        session.wire.call("service", "CreateService", {**SERVICE, "urlSuffix": "once"})
    assert len(emulator.requests) == 1
    emulator.faults.add(status=500, path="/v2/service")
    names = session.wire.call("service", "DescribeServices", {"name": "once"})
    assert names["result"]["serviceList"] == []
    assert len(emulator.requests) == 3


def test_the_platform_works_on_the_emulator_without_a_key():
    with Session(service="emulator") as session:
        made = session.wire.call("service", "CreateService", {**SERVICE, "urlSuffix": "keyless"})
        service_id = made["result"]["serviceId"]
        assert service_id.startswith("svco-")
        states = [
            session.wire.call("service", "DescribeService", {"serviceId": service_id})["result"][
                "runStatus"
            ]
            for _ in range(4)
        ]
        assert states == ["New", "Deploying", "Serving", "Serving"]
        assert session.wire.post("/wenxinworkshop/service/list", {})["result"]["common"]
        assert asyncio.run(session.wire.acall("service", "DescribeServices"))["result"]


def test_the_entries_of_all_pages_are_iterated_over():
    with Session(service="emulator") as session:
        for number in range(3):
            body = {**SERVICE, "urlSuffix": f"page-{number}"}
            session.wire.call("service", "CreateService", body)
        log = session.client._emulator.requests
        log.clear()
        rows = session.wire.iterate("service", "DescribeServices", {"maxKeys": 2})
        assert not log
        assert next(iter(rows))["endpoint"].endswith("_page-0")
        assert len(log) == 1
        assert [row["endpoint"][-6:] for row in rows] == ["page-0", "page-1", "page-2"]
        assert len(log) == 3

        async def read():
            return [row async for row in rows]

        assert len(asyncio.run(read())) == 3
        with pytest.raises(errors.InvalidOption):
            list(session.wire.iterate("service", ""))


def test_a_task_is_waited_for_by_what_describes_it_alone():
    with Session(service="emulator") as session:
        body = {**SERVICE, "urlSuffix": "waited"}
        made = session.wire.call("service", "CreateService", body)["result"]
        wanted = {"serviceId": made["serviceId"]}
        stream = session.wire._begin_watch("service", "DescribeService", wanted)
        deltas = [delta for batch in stream.iter_batches() for delta in batch]
        assert stream.result()["runStatus"] == "Serving"
        assert [delta.notice.en for delta in deltas if delta.notice] == [
            "New",
            "Deploying",
            "Serving",
        ]
        assert [delta.progress.done for delta in deltas if delta.progress] == [0, 0, 100]
        again = asyncio.run(session.wire.awatch("service", "DescribeService", wanted))
        assert again == stream.result()
        with pytest.raises(errors.InvalidOption, match="does not only describe"):
            session.wire.watch("service", "CreateService", body)
        with pytest.raises(errors.InvalidOption, match="no state of a task"):
            session.wire.watch("service", "DescribeServices", {})


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDenied", errors.PermissionDenied),
        ("InappropriateJSON", errors.BadRequest),
        ("InternalError", errors.ServerError),
        ("InvalidAccessKeyId", errors.AuthenticationFailed),
        ("MalformedJSON", errors.BadRequest),
        ("OptInRequired", errors.PermissionDenied),
        ("RequestExpired", errors.AuthenticationFailed),
        ("SignatureDoesNotMatch", errors.AuthenticationFailed),
        ("TaskRunningNumberExceedLimit", errors.RateLimited),
    ],
)
@pytest.mark.parametrize(
    "path", ["/v2/service?Action=CreateService", "/v2/app?Action=DescribeApps"]
)
def test_each_code_of_the_platform_is_an_error_of_the_tree(emulator, code, error, path):
    with Session(service="emulator") as session:
        session.client.endpoint()
        session.client._emulator.faults.add(code=code)
        with pytest.raises(error, match="the service said: as asked") as caught:
            session.wire.post(path, {})
        assert caught.value.code == code
        assert caught.value.request_id


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"error_code": 336003, "error_msg": "bad", "log_id": 1}, errors.BadRequest),
        ({"log_id": 1, "status": 400, "success": False, "code": 7, "message": "bad"}, None),
        ({"status": 400, "success": False, "code": 7, "message": {"global": "bad"}}, None),
        ({"requestId": "r", "code": "InappropriateJSON", "message": "bad"}, errors.BadRequest),
        ({"requestId": "r", "code": "NoSuchThing", "message": "bad"}, errors.ServiceError),
        ({"success": False, "log_id": 1}, errors.ServiceError),
    ],
)
def test_failures_with_status_200_are_errors(reply, error, pair, monkeypatch):
    with Server() as server:
        server.replies["/"] = http(json.dumps(reply), kind="application/json")
        monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", server.url)
        with (
            Session(service="qianfan") as session,
            pytest.raises(error or errors.ServiceError) as caught,
        ):
            session.wire.call("dataset", "DescribeDatasets")
    if "bad" in str(reply):
        assert "the service said: bad" in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        {"requestId": "r", "result": {"status": "failed", "message": "of the task"}},
        {"requestId": "r", "result": {"runStatus": "Failed", "code": "E1"}},
        {"requestId": "r", "result": False},
        {"requestId": "r", "id": "doc", "status": "error", "displayStatus": "parseError"},
        {"log_id": 1, "status": 200, "success": True, "result": {"error_msg": "of a row"}},
        {"requestId": "r", "code": "", "message": "", "chunks": []},
        {"request_id": "r", "code": 0, "message": "success", "answer": "x"},
    ],
)
def test_what_failed_inside_an_envelope_is_an_answer(reply, pair, monkeypatch):
    with Server() as server:
        server.replies["/"] = http(json.dumps(reply), kind="application/json")
        monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", server.url)
        with Session(service="qianfan") as session:
            assert session.wire.call("dataset", "DescribeDatasets") == reply


def test_what_was_made_on_the_platform_can_be_forgotten():
    with Session(service="emulator") as session:
        session.wire.call("service", "CreateService", {**SERVICE, "urlSuffix": "gone"})
        session.client._emulator.platform.clear()
        found = session.wire.call("service", "DescribeServices")["result"]
        assert found["serviceList"] == []


@pytest.mark.parametrize("status", ["204 No Content", "200 OK"])
def test_what_is_deleted_without_a_word_is_deleted(status):
    with Server() as server:
        server.replies = {"/v1/": http("", status, kind="application/json")}
        with Session(service="local", base_url=f"{server.url}/v1", api_key="k") as session:
            assert session.wire.delete("/files/file-1") == {}
            assert session.files.delete("file-1")
            with pytest.raises(errors.ProtocolError):
                session.wire.get("/files/file-1")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda wire: wire.upload("/v2/x", b"x", 5), "fields is a dict, not 5"),
        (lambda wire: wire.upload("/v2/x", b"x", name=5), "name is a text, not 5"),
        (lambda wire: wire.upload("/v2/x", b"x", field=None), "field is a text, not None"),
        (lambda wire: wire.iterate("service", "DescribeX", 5), "body is a dict, not 5"),
        (lambda wire: wire.iterate("service", "DescribeX", list_name=[]), "list_name is a text"),
        (lambda wire: wire.watch("service", "DescribeX", {}, pause="x"), "pause 'x'"),
        (lambda wire: wire.watch("service", "DescribeX", {}, pause=-1), "pause -1"),
        (lambda wire: wire.watch("service", "DescribeX", {}, pause=float("nan")), "pause nan"),
    ],
)
def test_arguments_of_a_wrong_type_are_told_at_once(session, emulator, call, words):
    with pytest.raises(errors.InvalidOption, match=words):
        call(session.wire)
    assert not emulator.requests


FAILED_RECORDS = [
    {"id": "batch-1", "status": "failed", "errors": {"data": [{"code": "c", "message": "bad"}]}},
    {"id": "ftjob-1", "object": "fine_tuning.job", "error": {"code": "c", "message": "bad file"}},
    {"id": "r-1", "object": "response", "status": "failed", "error": {"message": "too long"}},
]


def local_session(server):
    return Session(service="local", base_url=f"{server.url}/v1", model="m", retry_count=1)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.stop()


@pytest.mark.parametrize("record", FAILED_RECORDS, ids=lambda record: record["id"])
def test_what_is_looked_up_may_have_failed(server, record):
    server.replies = {"/": http(json.dumps(record), kind="application/json")}
    with local_session(server) as session:
        assert session.wire.get("/things/1") == record
        assert asyncio.run(session.wire.aget("/things/1")) == record


@pytest.mark.parametrize(
    "body",
    [
        {"id": "as-1", "error": {"message": "boom"}},
        {"id": "x", "object": "error", "message": "CUDA error", "code": 500},
        {"error_code": 6, "error_msg": "no", "id": "as-2"},
        "Internal Server Error",
    ],
    ids=["error", "object", "code", "words"],
)
def test_a_call_that_failed_is_an_error_all_the_same(server, body):
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/plain" if isinstance(body, str) else "application/json"
    server.replies = {"/": http(text, kind=kind)}
    with local_session(server) as session, pytest.raises(errors.ErnieError):
        session.wire.get("/things/1")


@pytest.mark.parametrize(
    ("body", "kind", "found"),
    [
        ("OK", "text/plain", "OK"),
        ("# HELP x\nx 1\n", "text/plain; version=0.0.4", "# HELP x\nx 1\n"),
        ('{"a":1}\n{"b":2}\n', "application/x-ndjson", '{"a":1}\n{"b":2}\n'),
        ('"ok"', "application/json", "ok"),
        ("true", "application/json", True),
        ("null", "application/json", None),
        (b"\xff\xfbabc", "audio/mpeg", b"\xff\xfbabc"),
    ],
    ids=["text", "metrics", "lines", "word", "true", "null", "sound"],
)
def test_a_reply_that_is_no_object_is_returned_as_it_is(server, body, kind, found):
    server.replies = {"/": http(body, kind=kind)}
    with local_session(server) as session:
        assert session.wire.get("/health") == found
        assert session.wire.post("/health", {}) == found


def test_a_page_of_a_login_is_not_a_reply(server):
    server.replies = {"/": http("<html>log in</html>", kind="text/html")}
    with local_session(server) as session, pytest.raises(errors.ProtocolError):
        session.wire.get("/health")
