"""What the emulator was asked about rows, and replies of a server that is written here."""

import json

ECHO = "[[echo]]{{text}}"


def asked(emulator):
    return [
        logged.body["messages"][-1]["content"]
        for logged in emulator.requests
        if logged.path.endswith("/chat/completions")
    ]


def reply(body):
    raw = json.dumps(body).encode()
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n" % len(raw)
    ) + raw


def choice(content, reason="stop"):
    return [{"message": {"content": content}, "finish_reason": reason}]


NOT_DONE = {
    "a limit": {
        "choices": choice(None),
        "error": {"message": "Provider returned error", "code": 429},
    },
    "an empty answer": {"choices": choice("")},
    "blanks": {"choices": choice(" \n")},
    "only thoughts": {
        "choices": [{"message": {"content": "", "reasoning": "hm"}, "finish_reason": "length"}]
    },
    "only thoughts between tags": {"choices": choice("<think>hm</think>\n")},
    "thoughts that were cut": {"choices": choice("<think>hm", "length")},
    "nothing": {"choices": choice(None, None)},
    "half": {"choices": choice("half", "error")},
}
