"""The JSON of a body: odd bytes and odd values are refused, and break nothing."""

import pytest

from .conftest import CHAT, QUESTION, V1_CHAT


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"[" * 900 + b"]" * 900,
        b'{"model":' + b"[" * 150 + b"]" * 150 + b"}",
        b'{"temperature": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": [' + b"[]," * 600_000 + b"[]]}",
        b"\xff\xfe{",
        b"",
        b"null",
        b'"text"',
        b"{",
        b'{"a": 1}' * 2,
        b"\x00",
        b'{"a": "\x01"}',
    ],
)
def test_what_is_no_json_is_refused_on_each_protocol_and_as_a_fault(emulator, http, raw):
    headers = {"Content-Type": "application/json"}
    response = http.post(CHAT, content=raw, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "malformed_json")
    response = http.post(V1_CHAT, content=raw, headers=headers)
    assert (response.status_code, response.json()["error_code"]) == (200, 336002)
    response = http.post(
        "/emulator/faults",
        content=raw,
        headers={**headers, "Authorization": f"Bearer {emulator.token}"},
    )
    assert response.status_code == 400
    assert response.json()["detail"]
    assert (
        http.get(
            "/emulator/requests", headers={"Authorization": f"Bearer {emulator.token}"}
        ).status_code
        == 200
    )


@pytest.mark.parametrize("odd", [None, 5, {}, [], [[]], True, 10**30, 1.5, [{}], {"a": 1}])
@pytest.mark.parametrize(
    "place",
    ["text", "parameters", "properties", "location", "enum", "required", "schema", "tool_choice"],
)
def test_a_value_of_another_kind_is_refused_or_let_through_but_breaks_nothing(http, odd, place):
    def is_at(name, value):
        return odd if place == name else value

    location = is_at("location", {"type": "string", "enum": is_at("enum", ["x"])})
    parameters = is_at(
        "parameters",
        {
            "type": "object",
            "properties": is_at("properties", {"location": location}),
            "required": is_at("required", ["location"]),
        },
    )
    chat = {
        "model": "ernie-3.5-8k",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": is_at("text", "the weather")}]}
        ],
        "tool_choice": {
            "type": "function",
            "function": is_at("tool_choice", {"name": "get_weather"}),
        },
        "tools": [
            {"type": "function", "function": {"name": "get_weather", "parameters": parameters}}
        ],
    }
    schema = {
        **QUESTION,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": is_at("schema", parameters)},
        },
    }
    for given in (chat, schema):
        response = http.post(CHAT, json=given)
        assert response.status_code in (200, 400), response.text
        assert "error" in response.json() or "choices" in response.json()
