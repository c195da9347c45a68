"""Services and models of one's own on Qianfan."""

import asyncio
import json
import signal
import threading
import time

import pytest

from ernie_magic import errors
from ernie_magic.emulator import start
from ernie_magic.emulator.iam import ACCESS_KEY, SECRET_KEY
from ernie_magic.emulator.platform.console import StateMachine
from ernie_magic.emulator.platform.services import Services
from ernie_magic.qianfan.services.group import PlatformService, read_model, read_service
from ernie_magic.session import Session


@pytest.fixture(scope="module")
def session():
    with Session(service="emulator") as session:
        yield session


@pytest.fixture(scope="module")
def model_id(session):
    made = session.wire.call("model", "CreateCustomModelSet", {"modelSetName": "my-model"})
    body = {
        "modelSetId": made["result"]["modelSetId"],
        "sourceType": "Train",
        "trainMeta": {"taskId": "task-1"},
    }
    return session.wire.call("model", "CreateCustomModel", body)["result"]["modelId"]


@pytest.fixture(scope="module")
def serving(session, model_id):
    session.services.deploy("hello", model_id, suffix="hi-there", confirm=True)
    return session.services.watch("hello")


def test_deploying_needs_a_confirmation_and_sends_nothing_without(session, model_id):
    log = session.client._emulator.requests
    before = len(log)
    with pytest.raises(errors.NotConfirmed) as caught:
        session.services.deploy("hello", model_id, replicas=2, qps=0.5, hours=3)
    line = str(caught.value)
    machines = "2 × GPU-I-2, 0.5 QPS, 3 hours paid in advance"
    assert f"deploy {model_id} as hello ({machines}, called by …_hello)" in line
    assert "nothing was created" in line
    assert "confirm=True" in line
    assert len(log) == before


@pytest.mark.parametrize("names", [("x", "ok"), ("name", "-"), ("name", "UPPER"), ("n" * 21, "ok")])
def test_wrong_names_of_a_deployment_are_told_before_anything_is_sent(session, model_id, names):
    with pytest.raises(errors.InvalidOption, match="2 to 20"):
        session.services.deploy(names[0], model_id, suffix=names[1], confirm=True)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"replicas": 0}, "replicas 0"),
        ({"replicas": -5}, "replicas -5"),
        ({"replicas": None}, "replicas None"),
        ({"replicas": True}, "replicas True"),
        ({"qps": 0}, "qps 0"),
        ({"qps": 51}, "qps 51"),
        ({"qps": float("nan")}, "qps nan"),
        ({"qps": "x"}, "qps 'x'"),
        ({"hours": 0}, "hours 0"),
        ({"hours": 1.5}, "hours 1.5"),
        ({"months": "1"}, "months '1'"),
        ({"hours": 1, "months": 1}, "only one of"),
        ({"resource": 5}, "resource is a text"),
        ({"suffix": 5}, "suffix is a text"),
        ({"description": "x" * 501}, "at most 500"),
        ({"name": None}, "name is a text"),
    ],
)
def test_what_would_be_billed_wrongly_is_refused_at_once(session, model_id, option, words):
    log = session.client._emulator.requests
    before = len(log)
    with pytest.raises(errors.InvalidOption, match=words):
        session.services.deploy(
            **{"name": "hello", "model_id": model_id, "confirm": True, **option}
        )
    assert len(log) == before


def test_a_deployment_whose_reply_is_lost_is_told_and_not_sent_again(session, model_id):
    emulator = session.client._emulator
    emulator.requests.clear()
    emulator.faults.add(action="CreateService", lose_reply=True)
    told = "the service 'lost' may have been created.*list with %ernie services"
    with pytest.raises(errors.OutcomeUnknown, match=told):
        session.services.deploy("lost", model_id, confirm=True)
    assert [sent.action for sent in emulator.requests].count("CreateService") == 1
    assert session.services.get("lost").name == "lost"


def test_a_service_is_deployed_and_waited_for_with_one_create(session, model_id):
    log = session.client._emulator.requests
    log.clear()
    made = session.services.deploy("counted", model_id, confirm=True)
    assert (made.state, made.name) == ("New", "counted")
    assert made.model_set_id.startswith("am-")
    found = session.services.watch(made)
    assert (found.state, found.is_serving) == ("Serving", True)
    assert asyncio.run(session.services.awatch("counted")).id == made.id
    assert [entry.body for entry in log if (entry.body or {}).get("name") == "counted"] == [
        {
            "modelSetId": made.model_set_id,
            "modelId": model_id,
            "name": "counted",
            "urlSuffix": "counted",
            "description": "",
            "resourceConfig": {"type": "GPU-I-2", "replicasCount": 1},
            "billing": {"paymentTiming": "Postpaid"},
        }
    ]


def test_a_service_that_is_there_is_not_deployed_again(session, model_id, serving):
    log = session.client._emulator.requests
    log.clear()
    again = session.services.deploy("hello", model_id, suffix="other", confirm=True)
    assert (again.id, again.state) == (serving.id, "Serving")
    with pytest.raises(errors.InvalidOption, match="a service 'hello' already, of amv-"):
        session.services.deploy("hello", "amv-other", confirm=True)
    assert "CreateService" not in [entry.action for entry in log]


def test_a_service_is_found_by_its_name_its_endpoint_and_its_id(session, serving):
    for name in ("hello", serving.endpoint, "hi-there", serving.id):
        assert session.services.get(name).id == serving.id
    with pytest.raises(errors.InvalidOption, match=r"there is no service helo.*hello"):
        session.services.get("helo")


def test_a_service_of_the_platform_s_own_is_found_by_the_name_that_it_is_listed_with(session):
    listed = session.services.list(preset=True)[-1]
    found = session.services.get(listed.name)
    assert (found, found.is_preset, found.state) == (listed, True, "Serving")


def test_preset_services_are_listed_with_the_own_ones(session, serving):
    own = session.services.list()
    assert serving.id in [service.id for service in own]
    assert not any(service.is_preset for service in own)
    everything = session.services.list(preset=True)
    preset = {service.name: service for service in everything if service.is_preset}
    assert preset["ernie-3.5-8k"].is_serving
    assert len(everything) == len(own) + len(preset)


def test_models_of_one_s_own_name_the_services_that_serve_them(session, serving, model_id):
    found = next(model for model in session.services.models() if model.id == model_id)
    assert (found.name, found.state, found.source) == ("my-model", "Ready", "Train")
    assert serving.endpoint in found.endpoints


def test_a_deployed_service_becomes_the_default_and_answers(session, serving):
    found = session.use_endpoint("hello")
    try:
        assert session.settings.endpoint == serving.endpoint == found.endpoint
        assert session.chat("[[echo]]你好").text == "你好"
        body = session.client._emulator.requests[-1].body
        assert body["model"] == serving.endpoint
    finally:
        session.settings.endpoint = ""


def test_a_service_that_does_not_serve_yet_is_not_taken(session, model_id):
    session.services.deploy("later", model_id, confirm=True)
    with pytest.raises(errors.InvalidOption, match=r"cannot be called yet: New.*watch\(.later.\)"):
        session.use_endpoint("later")
    assert session.settings.endpoint == ""


def test_an_interrupt_ends_the_waiting_and_not_the_deployment(session, model_id):
    made = session.services.deploy("slow", model_id, confirm=True)
    service = session.client._emulator.platform.state_of(Services).find(made.id)
    service.states = StateMachine(["Deploying"] * 50 + ["Serving"])
    log = session.client._emulator.requests
    log.clear()
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(errors.Interrupted, match="still being deployed"):
        session.services.watch(made)
    timer.join()
    service.states = StateMachine(["Deploying", "Serving"])
    assert session.services.watch(made).is_serving
    assert {json.dumps(entry.body) for entry in log} == {json.dumps({"serviceId": made.id})}


def test_a_failed_deployment_ends_the_waiting(session, model_id):
    session.services.deploy("mock_failed", model_id, confirm=True)
    assert session.services.watch("mock_failed").state == "Failed"


def test_states_that_no_page_lists_are_waited_for(session, model_id):
    made = session.services.deploy("other words", model_id, confirm=True)
    service = session.client._emulator.platform.state_of(Services).find(made.id)
    service.states = StateMachine(["Creating", "Starting", "Serving"])
    assert session.services.watch(made).is_serving


def test_a_failed_service_tells_why():
    told = {"serviceId": "svco-1", "runStatus": "Failed", "failReason": "no machine is free"}
    assert read_service(told).reason == "no machine is free"
    assert read_service({**told, "runStatus": "Serving"}).reason == ""


def test_with_an_api_key_alone_a_service_is_taken_by_its_endpoint(emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
    with Session(service="qianfan") as own:
        assert own.use_endpoint("abcdefgh_mine").state == ""
        assert own.settings.endpoint == "abcdefgh_mine"
        with pytest.raises(errors.InvalidOption):
            own.use_endpoint("https://example.com/x")


def test_on_v1_a_deployed_service_has_a_path_of_its_own(emulator, monkeypatch):
    monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("QIANFAN_SECRET_KEY", SECRET_KEY)
    with Session(service="qianfan-v1") as v1:
        v1.services.deploy("vone", "amv-any", model_set_id="am-any", confirm=True)
        states = [v1.services.get("vone").state for _ in range(3)]
        assert states == ["New", "Deploying", "Serving"]
        served = v1.services.get("vone")
        v1.use_endpoint("vone")
        assert v1.chat("[[echo]]hi").text == "hi"
        assert emulator.requests[-1].path.endswith(f"/chat/{served.endpoint}")


def test_where_the_emulator_stands_in_for_qianfan_its_tasks_are_looked_at_quickly(monkeypatch):
    monkeypatch.setenv("QIANFAN_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("QIANFAN_SECRET_KEY", SECRET_KEY)
    with start(latency=0) as stand_in:
        monkeypatch.setenv("QIANFAN_CONSOLE_API_BASE_URL", stand_in.url)
        with Session(service="qianfan") as own:
            made = own.services.deploy("quick", "amv-any", model_set_id="am-1", confirm=True)
        with Session(service="qianfan") as own:  # which has seen no reply yet
            began = time.monotonic()
            served = own.services.watch(made.id)
    assert (served.is_serving, served.is_simulated) == (True, True)
    assert time.monotonic() - began < 10


def test_ai_studio_has_no_services_of_one_s_own(monkeypatch):
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-other")
    with (
        Session(service="aistudio") as other,
        pytest.raises(errors.InvalidOption, match="no services of your own"),
    ):
        other.use_endpoint("mine")


def test_descriptions_without_some_fields_are_read():
    assert read_service({}) == PlatformService("", "")
    row = {"serviceName": "n", "url": "https://q.example/v1/chat/ab_c/", "endpoint": None}
    assert read_service(row).endpoint == "ab_c"
    model = read_model({"sourceInfo": "Train", "status": None}, "amv-1", [])
    assert (model.source, model.state, model.endpoints) == ("Train", "", ())
