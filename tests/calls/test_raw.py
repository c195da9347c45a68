"""Any other path of the service."""

import pytest

from ernie_magic import errors


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
