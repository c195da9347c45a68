"""The raw reply of a stream has what came in pieces besides words."""

import pytest

from ernie_magic.api.requests import ChatRequest
from ernie_magic.wire import openai_style
from tests.wire.chunks import DONE, as_choices, choice, event, read


def token(text, logprob):
    return {"content": [{"token": text, "logprob": logprob}], "refusal": None}


def one_token(text, **facts):
    return event({"id": "x", "choices": [{**choice(content=text), **facts}]})


END = as_choices([choice(finish_reason="stop")])


def test_the_log_probabilities_of_all_tokens_are_there():
    # Equal chunks too, which are read by their text alone.
    texts = ["A", "B", "B", "B"]
    pieces = [one_token(text, logprobs=token(text, -0.5)) for text in texts]
    answer = read(*pieces, END, DONE)
    logprobs = answer.raw["choices"][0]["logprobs"]
    assert [each["token"] for each in logprobs["content"]] == texts
    assert logprobs["refusal"] is None


def test_lists_beside_each_other_continue_as_completions_have_them():
    pieces = [
        one_token(text, logprobs={"tokens": [text], "token_logprobs": [-0.1]}, token_ids=[number])
        for number, text in enumerate("ABC")
    ]
    own = read(*pieces, END, DONE).raw["choices"][0]
    assert own["logprobs"] == {"tokens": ["A", "B", "C"], "token_logprobs": [-0.1] * 3}
    assert own["token_ids"] == [0, 1, 2]


def test_speech_is_whole():
    pieces = [
        as_choices([choice(audio={"id": "a", "data": "AAAA", "transcript": "he"})]),
        as_choices([choice(audio={"data": "BBBB", "transcript": "llo"})]),
    ]
    answer = read(*pieces, END, DONE)
    audio = {"id": "a", "data": "AAAABBBB", "transcript": "hello"}
    assert answer.raw["choices"][0]["message"]["audio"] == audio


@pytest.mark.parametrize("apart", [True, False])
def test_other_choices_that_were_asked_for_are_there(apart):
    rounds = [
        [choice(0, content="A"), choice(1, content="X")],
        [choice(0, content="B"), choice(1, content="Y")],
        [choice(0, "stop"), choice(1, "length")],
    ]
    chunks = [as_choices([each]) for both in rounds for each in both]
    if not apart:
        chunks = [as_choices(both) for both in rounds]
    request = ChatRequest(model="m", messages=(), extra={"n": 2})
    answer = read(*chunks, DONE, reader=openai_style.reader(request))
    assert answer.text == "AB"
    own, other = answer.raw["choices"]
    assert own["message"]["content"] == "AB"
    assert (other["index"], other["finish_reason"]) == (1, "length")
    assert other["message"]["content"] == "XY"
