"""What the package itself adds to a request, and a server refuses."""

import re

import pytest
from PIL import Image

from ernie_magic.errors import BadRequest, ErnieError
from ernie_magic.session import Session
from tests.raw_server import END, chunk, events, http
from tests.strict_server import ANSWER, Strict

SCHEMA = {"s": str, "n": int}


@pytest.fixture
def ask_strict():
    """Return a server with a rule, and a session on it."""
    opened = []

    def ask_strict(rule, reply=None):
        server = Strict(rule, reply)
        given = {"retry_count": 1, "language": "en", "backoff_factor": 0.01, "cache": False}
        session = Session(service="local", base_url=f"{server.url}/v1", model="m1", **given)
        opened.append((server, session))
        return server, session

    yield ask_strict
    for server, session in opened:
        session.close()
        server.stop()


def format_of(body):
    return (body.get("response_format") or {}).get("type")


# What public reports quote: status, body, and the formats that the server takes.
FORMATS = {
    "llama.cpp's": (
        400,
        {"error": {"message": "Failed to initialize samplers: failed to parse grammar"}},
        (None,),
    ),
    "Ollama's": (
        500,
        {"error": {"message": "failed to load model vocabulary required for format"}},
        (None,),
    ),
    "SGLang's": (
        400,
        {"object": "error", "message": "Failed to compile json grammar: Error", "code": 400},
        (None, "json_object"),
    ),
    "vLLM's": (
        400,
        {"message": "Guided decoding is not supported for this backend"},
        (None,),
    ),
    "Gemini's": (
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": 'Unknown name "additionalProperties" at '
                    "'generation_config.response_schema': Cannot find field.",
                }
            }
        ],
        (None, "json_object"),
    ),
    "Bedrock's": (
        400,
        {"error": {"message": "output_config.format: Extra inputs are not permitted"}},
        (None,),
    ),
    "DeepSeek's": (
        400,
        {"error": {"message": "This response_format type is unavailable now"}},
        (None, "json_object"),
    ),
    "DeepSeek's validator": (
        422,
        {"message": "response_format: response_format.type `json_schema` is unavailable now"},
        (None, "json_object"),
    ),
    "SiliconFlow's": (
        400,
        {"code": 20024, "message": "Json mode is not supported for this model.", "data": None},
        (None,),
    ),
    "Volcengine's": (
        400,
        {
            "error": {
                "code": "InvalidParameter",
                "message": "The parameter `response_format.type` specified in the request are not "
                "valid: `json_schema` is not supported by this model.",
                "param": "response_format.type",
            }
        },
        (None,),
    ),
    "Groq's": (
        400,
        {
            "error": {
                "message": "Failed to generate JSON. Please adjust your prompt. See "
                "'failed_generation' for more details.",
                "type": "invalid_request_error",
                "code": "json_validate_failed",
                "failed_generation": "",
            }
        },
        (None,),
    ),
    "a 405": (405, {"detail": "response_format json_schema not supported"}, (None,)),
}


# Words after which JSON without a schema is asked for as well, or not: most exclude both forms.
EXCLUSIONS = [
    ("Json mode is not supported for this model.", False),
    ("This model does not support it: json_object is not supported", False),
    ("`response_format` is not supported by this model", False),
    ("Unknown parameter: 'response_format'", False),
    ("该模型不支持 JSON 模式", False),
    ("'response_format.type' json_schema is not supported, use json_object", True),
    ("response_format: type json_schema is not supported", True),
    ("Unknown parameter: 'response_format.json_schema'", True),
    ("structured output is not supported", True),
]


@pytest.mark.parametrize(("words", "is_tried"), EXCLUSIONS, ids=str)
def test_json_without_a_schema_is_not_tried_where_a_refusal_excludes_it(
    ask_strict, words, is_tried
):
    server, session = ask_strict(
        lambda body: format_of(body) and (400, {"error": {"message": words}})
    )
    table = session.map("Judge {{text}}", [words], schema=SCHEMA).table
    assert table[0]["error"] is None
    tried = ["json_schema", "json_object", None] if is_tried else ["json_schema", None]
    assert [format_of(body) for body in server.bodies] == tried


def test_tools_are_asked_for_whole_where_a_server_streams_none(ask_strict):
    words = {"error": {"code": 500, "message": "Cannot use tools with stream"}}

    def weather() -> str:
        """Return the weather."""
        return "sunny"

    server, session = ask_strict(lambda body: body["stream"] and body.get("tools") and (500, words))
    assert session.chat("the weather?", tools=[weather]).text == ANSWER
    assert session.chat("and now?", tools=[weather]).text == ANSWER
    assert session.chat("without").text == ANSWER
    assert [body["stream"] for body in server.bodies] == [True, False, False, True]


@pytest.mark.parametrize("name", FORMATS)
def test_a_typed_table_does_without_a_format_that_the_server_refuses(ask_strict, name):
    status, words, taken = FORMATS[name]
    server, session = ask_strict(lambda body: format_of(body) not in taken and (status, words))
    rows = [f"{name} {number}" for number in range(30)]
    table = session.map("Judge {{text}}", rows, schema=SCHEMA, in_flight=4).table
    assert [(row["s"], row["n"], row["error"]) for row in table] == [("pos", 3, None)] * 30
    refused = [body for body in server.bodies if format_of(body) not in taken]
    assert len(refused) <= 2 * 4
    asked = len(server.bodies)
    session.map("Judge {{text}}", rows, schema=SCHEMA, in_flight=4, resume=True)
    assert len(server.bodies) == asked
    session.map("Judge again {{text}}", rows[:3], schema=SCHEMA)
    assert [format_of(body) in taken for body in server.bodies[asked:]] == [True] * 3


def test_a_format_of_the_caller_s_own_is_not_left_out(ask_strict):
    status, words, _ = FORMATS["SiliconFlow's"]
    server, session = ask_strict(lambda body: format_of(body) and (status, words))
    with pytest.raises(BadRequest):
        session.chat("as JSON", response_format="json_object")
    assert len(server.bodies) == 1


ONLY_STREAMS = {
    "Bailian's qwq": (
        400,
        {
            "error": {
                "code": "invalid_parameter_error",
                "message": "This model only support stream mode, please enable the stream "
                "parameter to access the model. ",
            }
        },
    ),
    "Bailian's qwen3": (
        400,
        {
            "error": {
                "code": "invalid_parameter_error",
                "message": "parameter.enable_thinking must be set to false for non-streaming calls",
            }
        },
    ),
    "a gateway's": (400, {"detail": "Stream must be set to true"}),
}


@pytest.mark.parametrize("name", ONLY_STREAMS)
def test_a_table_streams_where_a_model_does_nothing_else(ask_strict, name):
    server, session = ask_strict(lambda body: not body["stream"] and ONLY_STREAMS[name])
    rows = [f"{name} {number}" for number in range(30)]
    table = session.map("Say {{text}}", rows, in_flight=4).table
    assert [(row["answer"], row["error"]) for row in table] == [(ANSWER, None)] * 30
    refused = [body for body in server.bodies if not body["stream"]]
    assert len(refused) <= 4
    asked = len(server.bodies)
    with pytest.raises(ErnieError):
        session.chat("whole", stream=False)
    assert [body["stream"] for body in server.bodies[asked:]] == [False]


NO_STREAM = {
    "error": {
        "message": "Unsupported value: 'stream' does not support true with this model. Only the "
        "default (false) value is supported.",
        "param": "stream",
        "code": "unsupported_value",
    }
}


def test_a_chat_is_asked_whole_where_a_model_does_not_stream(ask_strict):
    server, session = ask_strict(lambda body: body["stream"] and (400, NO_STREAM))
    assert session.chat("one").text == ANSWER
    assert "".join(map(str, session.stream("two"))) == ANSWER
    assert session.complete("three").text == ANSWER
    assert session.map("Say {{text}}", ["no stream"]).table[0]["answer"] == ANSWER
    assert [body["stream"] for body in server.bodies] == [True, False, False, False, False]
    with pytest.raises(BadRequest):
        session.chat("four", stream=True)


def test_a_refusal_of_both_ways_is_told_after_one_more_try(ask_strict):
    server, session = ask_strict(lambda _: (400, NO_STREAM))
    with pytest.raises(BadRequest):
        session.chat("one")
    assert [body["stream"] for body in server.bodies] == [True, False]


def test_a_tool_s_round_is_sent_without_the_thoughts_that_a_server_refuses(ask_strict):
    place = ["body", "messages", 2, "assistant", "reasoning_content"]
    detail = [{"type": "extra_forbidden", "loc": place, "msg": "Extra inputs are not permitted"}]
    words = {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error"}
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    runs = []

    def weather() -> str:
        """Return the weather."""
        runs.append("weather")
        return "sunny"

    def has_thoughts(body):
        thinks = any("reasoning_content" in message for message in body["messages"])
        return thinks and (422, words)

    def reply(body):
        if body["messages"][-1]["role"] == "tool":
            return http(events(chunk({"content": "It is sunny."}), END))
        thought = chunk({"reasoning_content": "thought"})
        asked = chunk({"tool_calls": [{"index": 0, **call}]})
        return http(events(thought, asked, chunk({}, finish_reason="tool_calls")))

    server, session = ask_strict(has_thoughts, reply)
    assert session.chat("the weather?", tools=[weather]).text == "It is sunny."
    assert runs == ["weather"]
    refused = sum(bool(has_thoughts(body)) for body in server.bodies)
    assert session.chat("and now?", tools=[weather], history=False).text == "It is sunny."
    assert sum(bool(has_thoughts(body)) for body in server.bodies) == refused


def lacks_thoughts(message):
    return bool(message.get("tool_calls")) and "reasoning_content" not in message


def is_named(message):
    return message["role"] == "tool" and "name" in message


def is_empty(message):
    return message["role"] == "assistant" and message["content"] == ""


def has_odd_id(message):
    return any(not re.fullmatch("[a-zA-Z0-9]{9}", call["id"]) for call in called_in(message))


def called_in(message):
    return message.get("tool_calls") or ()


# What public reports quote: which messages of a tool's round a server refuses, and its words.
ROUNDS = {
    "DeepSeek's thoughts": (
        lacks_thoughts,
        "The `reasoning_content` in the thinking mode must be passed back to the API.",
    ),
    "Kimi's thoughts": (
        lacks_thoughts,
        "thinking is enabled but reasoning_content is missing in assistant tool call message",
    ),
    "Groq's names": (
        is_named,
        "for 'role:tool' this must be satisfied[('messages.2' : property 'name' is unsupported)]",
    ),
    "OpenCode's names": (is_named, 'messages[2]: "name" is not supported by this endpoint'),
    "Bedrock's words": (is_empty, "messages: text content blocks must be non-empty"),
    "Mistral's ids": (
        has_odd_id,
        "Tool call id was a but must be a-z, A-Z, 0-9, with a length of 9.",
    ),
    "its chat template's ids": (
        has_odd_id,
        "Tool call IDs should be alphanumeric strings with length 9!",
    ),
    "Anthropic's ids": (
        has_odd_id,
        "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
    ),
    "Bedrock's ids": (
        has_odd_id,
        "'messages.2.member.content.1.member.toolUse.toolUseId' must satisfy: [a-zA-Z0-9_-]+",
    ),
    "OpenAI's ids": (
        has_odd_id,
        "Invalid 'messages[1].tool_calls[0].id': string too long. Expected at most 40",
    ),
    "a gateway's ids": (has_odd_id, "messages.3.content.1: `tool_use` ids must be unique"),
    "Antigravity's words": (is_empty, "messages.1.content.0.text.text: Field required"),
}


@pytest.mark.parametrize("name", ROUNDS)
def test_a_tool_s_round_is_written_as_a_server_takes_it(ask_strict, name):
    is_refused, words = ROUNDS[name]
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    runs = []

    def weather() -> str:
        """Return the weather."""
        runs.append("weather")
        return "sunny"

    def refuse(body):
        return any(map(is_refused, body["messages"])) and (400, {"error": {"message": words}})

    def reply(body):
        if body["messages"][-1]["role"] == "tool":
            return http(events(chunk({"content": "It is sunny."}), END))
        asked = chunk({"tool_calls": [{"index": 0, **call}]})
        return http(events(asked, chunk({}, finish_reason="tool_calls")))

    server, session = ask_strict(refuse, reply)
    assert session.chat("the weather?", tools=[weather]).text == "It is sunny."
    assert runs == ["weather"]
    assert sum(bool(refuse(body)) for body in server.bodies) == 1
    # The history has the round: a later prompt is sent as the server takes it.
    assert session.chat("and now?", tools=[weather]).text == "It is sunny."
    assert sum(bool(refuse(body)) for body in server.bodies) == 1


def test_thoughts_about_tools_go_back_with_later_prompts_to_the_same_model(ask_strict):
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    signed = {**call, "extra_content": {"google": {"thought_signature": "SIGNED"}}}

    def weather() -> str:
        """Return the weather."""
        return "sunny"

    def reply(body):
        if body["messages"][-1]["role"] == "tool" or "tools" not in body:
            return http(events(chunk({"content": "It is sunny."}), END))
        thought = chunk({"reasoning_content": "hm"})
        asked = chunk({"tool_calls": [{"index": 0, **signed}]})
        return http(events(thought, asked, chunk({}, finish_reason="tool_calls")))

    server, session = ask_strict(lambda _: None, reply)
    session.chat("the weather?", tools=[weather])
    session.chat("thanks")
    sent = server.bodies[-1]["messages"][1]
    assert (sent["reasoning_content"], sent["tool_calls"]) == ("hm", [signed])
    session.chat("to another model", model="m2")
    sent = server.bodies[-1]["messages"][1]
    assert sent == {"role": "assistant", "content": "", "tool_calls": [call]}
    assert session.history.messages()[1] == sent


def test_results_of_tools_in_the_caller_s_own_messages_are_sent_as_they_are(ask_strict):
    is_refused, words = ROUNDS["OpenCode's names"]
    server, session = ask_strict(
        lambda body: any(map(is_refused, body["messages"])) and (400, {"error": {"message": words}})
    )
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "the weather?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "name": "weather", "content": "sunny"},
    ]
    with pytest.raises(BadRequest):
        session.chat(messages)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("words", [{}, {"message": "bad value in the upstream's stream_options"}])
def test_a_refusal_of_something_else_is_told_after_one_request(ask_strict, words):
    server, session = ask_strict(lambda _: (400, {"error": words}))
    table = session.map("Judge {{text}}", [f"else {words}"], schema=SCHEMA).table
    assert table[0]["error"]
    assert [format_of(body) for body in server.bodies] == ["json_schema"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_the_account_is_told_whatever_field_it_names(ask_strict, status):
    words = {"error": {"message": "this account may not use response_format or stream"}}
    server, session = ask_strict(lambda _: (status, words))
    with pytest.raises(ErnieError):
        session.map("Judge {{text}}", [f"account {status}"], schema=SCHEMA)
    assert [format_of(body) for body in server.bodies] == ["json_schema"]


def test_an_answer_that_has_begun_is_not_asked_for_otherwise(ask_strict):
    begun = http(events(chunk({"content": "so far"}), NO_STREAM, done=False))
    server, session = ask_strict(lambda _: None, lambda _: begun)
    with pytest.raises(ErnieError) as caught:
        session.chat("one")
    assert caught.value.answer.text == "so far"
    assert len(server.bodies) == 1


def test_a_session_that_is_set_not_to_stream_does_not(ask_strict):
    server, session = ask_strict(lambda body: not body["stream"] and ONLY_STREAMS["a gateway's"])
    session.settings.stream = False
    with pytest.raises(ErnieError):
        session.chat("one")
    assert [body["stream"] for body in server.bodies] == [False]


# What public reports quote of models and servers that take no system prompt.
WITHOUT_SYSTEM = {
    "Gemma's": (400, "System role not supported"),
    "Mistral's": (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
    "llama.cpp's": (500, "Only user, assistant and tool roles are supported, got system. at row 1"),
    "o1's": (
        400,
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
    ),
    "Google's": (400, "Developer instruction is not enabled for models/gemma-3-27b-it"),
    "a gateway's": (400, "该模型不支持 system 角色"),
}


@pytest.mark.parametrize("name", WITHOUT_SYSTEM)
def test_a_system_prompt_stands_in_the_first_prompt_where_a_model_takes_none(ask_strict, name):
    status, words = WITHOUT_SYSTEM[name]
    refusal = status, {"error": {"message": words, "code": status}}
    server, session = ask_strict(lambda body: body["messages"][0]["role"] == "system" and refusal)
    session.settings.retry_count = 3
    session.chat("one", system="Be brief.")
    session.chat("two", system="Be brief.")
    sent = [
        [(said["role"], said["content"]) for said in body["messages"]] for body in server.bodies
    ]
    first = [("user", "Be brief.\n\none")]
    assert sent == [
        [("system", "Be brief."), ("user", "one")],
        first,
        [*first, ("assistant", ANSWER), ("user", "two")],
    ]


def test_a_system_prompt_stands_before_a_picture_too(ask_strict):
    refusal = 400, {"error": {"message": "System role not supported"}}
    server, session = ask_strict(lambda body: body["messages"][0]["role"] == "system" and refusal)
    session.chat("one", system="Be brief.", images=[Image.new("RGB", (2, 2))])
    (message,) = server.bodies[-1]["messages"]
    assert [part.get("text") for part in message["content"] if part["type"] == "text"] == [
        "Be brief.",
        "one",
    ]


def test_a_refusal_about_roles_without_a_system_prompt_is_told_after_one_request(ask_strict):
    server, session = ask_strict(lambda _: (400, {"message": "roles must alternate"}))
    with pytest.raises(BadRequest, match="roles must alternate"):
        session.chat("one")
    assert len(server.bodies) == 1


USE_OTHER = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
# The name that a server refuses, its words, and the name that it takes.
LENGTH_NAMES = {
    "OpenAI's": ("max_tokens", {"error": {"message": USE_OTHER, "param": "max_tokens"}}),
    "a gateway's": (
        "max_tokens",
        {"error": {"message": f"Error code: 400 - {{'error': {{'message': {USE_OTHER!r}}}}}"}},
    ),
    "in Chinese": ("max_tokens", {"error": {"message": "该模型不支持 max_tokens，请使用 max_completion_tokens"}}),
    "vLLM's": (
        "max_completion_tokens",
        {
            "object": "error",
            "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens'), "
            "'msg': 'Extra inputs are not permitted', 'input': 800}]",
        },
    ),
    "Azure's older API": (
        "max_completion_tokens",
        {"error": {"message": "Unrecognized request argument supplied: max_completion_tokens"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LENGTH_NAMES)
def test_the_length_of_an_answer_is_sent_under_the_name_that_a_server_takes(ask_strict, name):
    refused, words = LENGTH_NAMES[name]
    (taken,) = {"max_tokens", "max_completion_tokens"} - {refused}
    server, session = ask_strict(lambda body: refused in body and (400, words))
    answer = session.chat("one", **{refused: 10})
    assert (answer.text, answer.sent) == (ANSWER, {taken: 10})
    session.chat("two", **{refused: 20})
    session.map("Say {{text}}", [f"length, {name}"], **{refused: 30})
    sent = [(body.get(refused), body.get(taken)) for body in server.bodies]
    assert sent == [(10, None), (None, 10), (None, 20), (None, 30)]


def test_an_answer_s_length_is_sent_twice_only_where_its_name_is_refused(ask_strict):
    words = {"error": {"message": "max_tokens must be at least 16, instead of 10"}}
    server, session = ask_strict(lambda body: "max_tokens" in body and (400, words))
    with pytest.raises(BadRequest):
        session.chat("one", max_tokens=10)
    with pytest.raises(BadRequest):
        session.chat("two", max_tokens=10, max_completion_tokens=10)
    assert len(server.bodies) == 2


def test_of_two_refused_names_the_first_refusal_is_not_asked_for_again(ask_strict):
    server, session = ask_strict(lambda _: (400, LENGTH_NAMES["OpenAI's"][1]))
    with pytest.raises(BadRequest):
        session.chat("one", max_tokens=10)
    assert len(server.bodies) == 2
