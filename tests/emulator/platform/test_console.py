"""The emulator's platform: credentials, envelopes, pages, forms, states."""

import httpx
import pytest

from ernie_magic.config.keys import Key, Pair
from ernie_magic.emulator.forms import read_form
from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.emulator.platform.console import StateMachine, Store, wrap_result
from ernie_magic.emulator.refusals import ConsoleRefusal, Refusal
from ernie_magic.wire.auth import signed_headers

PAIR = Pair(Key(ACCESS_KEY, secret=False), Key(SECRET_KEY, secret=False))


@pytest.fixture
def post(emulator):
    with httpx.Client(base_url=emulator.url, trust_env=False, verify=False) as client:  # noqa: S501

        def send(path, body, *, pair=PAIR, **headers):
            url = f"{emulator.url}{path}"
            signed = signed_headers(pair, "POST", url) if pair else {}
            return client.post(path, json=body, headers={**signed, **headers})

        yield send


def test_an_action_is_signed_and_answered_in_its_envelope(post):
    reply = post("/v2/service?Action=DescribeServices", {})
    assert reply.status_code == 200
    assert set(reply.json()) == {"requestId", "result"}


@pytest.mark.parametrize(
    ("pair", "headers", "code"),
    [
        (None, {}, "AccessDenied"),
        (None, {"Authorization": "Bearer bce-v3/ALTAK-x/0123"}, "AccessDenied"),
        (Pair(Key("nobody"), Key("x")), {}, "NotFound"),
        (Pair(Key(ACCESS_KEY, secret=False), Key("wrong")), {}, "SignatureDoesNotMatch"),
    ],
)
def test_an_action_without_a_right_signature_is_refused(post, pair, headers, code):
    reply = post("/v2/service?Action=DescribeServices", {}, pair=pair, **headers)
    assert (reply.status_code, reply.json()["code"]) == (403, code)


def test_unknown_actions_and_wrong_fields_are_refused_with_4xx(post):
    for path, body in (
        ("/v2/service?Action=Nothing", {}),
        ("/v2/eval?Action=Nothing", {}),
        ("/v2/service?Action=CreateService", {"name": 1}),
        ("/v2/service?Action=DescribeServices", {"marker": "svco-none"}),
        ("/v2/service?Action=DescribeServices", [1]),
    ):
        reply = post(path, body)
        assert reply.status_code == 400, path
        assert set(reply.json()) == {"requestId", "code", "message"}


def test_a_refusal_has_the_form_of_its_family():
    refusal = ConsoleRefusal(400, "InappropriateJSON", "bad")
    assert refusal.in_protocol_of("/v2/service").body["code"] == "InappropriateJSON"
    written = refusal.in_protocol_of("/wenxinworkshop/service/apply")
    assert (written.status, written.body["error_msg"]) == (200, "bad")
    written = refusal.in_protocol_of("/wenxinworkshop/prompt/template/list")
    assert (written.body["success"], written.body["message"]) == (False, {"global": "bad"})
    assert Refusal("internal_error").in_protocol_of("/v2/dataset").body["code"] == "internal_error"


def test_results_are_wrapped_as_their_family_s():
    assert wrap_result(True, "/wenxinworkshop/finetune/stopJob")["result"] is True
    assert wrap_result({}, "/wenxinworkshop/dataset/info")["success"] is True
    assert wrap_result({"id": "a"}, "/v2/knowledgeBase")["id"] == "a"
    assert "request_id" in wrap_result({}, "/v2/app/conversation")
    assert set(wrap_result([], "/v2/model")) == {"requestId", "result"}


def test_states_move_by_looks():
    machine = StateMachine(["Running", "Done"])
    assert [machine.current, machine.look(), machine.look(), machine.look()] == [
        "Running",
        "Running",
        "Done",
        "Done",
    ]
    machine.end_in("Stopped")
    assert machine.look() == "Stopped"


def test_a_store_is_bounded_and_refuses_unknown_ids():
    store = Store("task", limit=1)
    first = store.add("thing")
    assert first.startswith("task-")
    assert store.find(first, "taskId") == "thing"
    with pytest.raises(ConsoleRefusal):
        store.add("another")
    with pytest.raises(ConsoleRefusal):
        store.find("task-none", "taskId")
    assert store.remove(first, "taskId") == "thing"
    assert len(store) == 0


def test_a_form_is_read_byte_for_byte():
    content = bytes(range(256)) + b"\r\n--not-the-boundary\r\n"
    request = httpx.Request(
        "POST",
        "http://127.0.0.1/",
        data={"payload": '{"id": "名"}'},
        files={"file": ("报告.pdf", content, "application/pdf")},
    )
    raw = request.read()
    form = read_form(raw, request.headers["content-type"])
    assert form.fields == {"payload": '{"id": "名"}'}
    assert form.files["file"].content == content
    assert form.files["file"].name == "报告.pdf"
    assert read_form(raw[:-20], request.headers["content-type"]) is None
    assert read_form(raw, "application/json") is None
    assert form.summary()["files"]["file"]["size"] == len(content)


def test_a_form_without_a_key_is_not_read(emulator):
    reply = httpx.post(f"{emulator.url}/v2/app/conversation", files={"file": b"x"}, trust_env=False)
    assert reply.status_code == 415
