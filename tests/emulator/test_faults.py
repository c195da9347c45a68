"""Faults that are ordered by Python, by HTTP or by a header."""

import httpx
import pytest

from tests.emulator.test_refusals import CHAT, chat, controls, send


def test_a_fault_is_for_one_call_by_python_by_http_or_by_header(emulator):
    emulator.faults.add(status=503)
    assert [send(emulator, CHAT, chat(), {}).status_code for _ in range(2)] == [503, 200]
    httpx.post(
        f"{emulator.url}/emulator/faults",
        headers=controls(emulator),
        json=[{"code": "tpm_rate_limit_exceeded"}, {"html": True, "status": 502}],
    )
    assert [send(emulator, CHAT, chat(), {}).status_code for _ in range(3)] == [429, 502, 200]
    assert send(emulator, CHAT, chat(), {"X-Emulator-Fault": '{"status": 500}'}).status_code == 500
    emulator.faults.add(status=500)
    httpx.delete(f"{emulator.url}/emulator/faults", headers=controls(emulator))
    assert send(emulator, CHAT, chat(), {}).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {"sttaus": 500},
        {"status": 200},
        {"status": "500"},
        {"code": "nope"},
        {"delay": -1},
        {"cut_after": True},
        5,
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_by_name(emulator, given):
    response = httpx.post(f"{emulator.url}/emulator/faults", json=given, headers=controls(emulator))
    assert response.status_code == 400
    assert response.json()["detail"]


def test_a_fault_may_be_for_one_action_of_the_console(emulator):
    emulator.faults.add(action="DescribeServices", status=503)
    assert (
        emulator.faults.take_matching("POST", "/v2/service", None, "CreateService").status is None
    )
    taken = emulator.faults.take_matching("POST", "/v2/service", None, "DescribeServices")
    assert taken.status == 503


def test_a_reply_is_lost_though_the_call_was_carried_out(emulator):
    emulator.requests.clear()
    emulator.faults.add(lose_reply=True)
    with pytest.raises(httpx.RemoteProtocolError):
        send(emulator, CHAT, chat(), {})
    assert len(emulator.requests) == 1
    assert send(emulator, CHAT, chat(), {}).status_code == 200
