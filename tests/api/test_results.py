"""What results hold: a statistic is the service's, or measured."""

import asyncio
import copy
import json
import pickle
from collections import Counter
from types import SimpleNamespace

import pytest

from ernie_magic.api.results import Answer
from ernie_magic.errors import ProtocolError, UnknownAttribute


@pytest.mark.parametrize(
    "said",
    ["1.2s", None, True, [], {}, "nan", 1e400, -1, 10**400, "x" * 10_000, {"total_latency": {}}],
)
def test_a_statistic_that_is_none_is_measured_instead(said):
    statistic = (
        said
        if isinstance(said, dict)
        else {
            "total_latency": said,
            "first_token_latency": said,
            "avg_output_tokens_per_second": said,
        }
    )
    answer = Answer("ok", None, seconds=2.0, first_seconds=0.5, raw={"statistic": statistic})
    assert answer.statistic.measured
    assert (answer.statistic.first_token_latency, answer.statistic.total_latency) == (0.5, 2.0)


def test_a_statistic_keeps_what_is_good_in_it():
    answer = Answer(
        "ok",
        None,
        raw={
            "statistic": {
                "total_latency": "1.5",
                "first_token_latency": "0.2s",
                "avg_output_tokens_per_second": 1e999,
            }
        },
    )
    assert (
        answer.statistic.total_latency,
        answer.statistic.first_token_latency,
        answer.statistic.avg_output_tokens_per_second,
    ) == (1.5, 0.0, 0.0)


def test_an_answer_is_its_text():
    answer = Answer(" yes ", None)
    assert isinstance(answer, str)
    assert (answer == " yes ", answer != "no", answer in ("no", " yes ")) == (True, True, True)
    assert ("es" in answer, answer.strip(), len(answer), answer[1:4]) == (True, "yes", 5, "yes")
    assert ("<" + answer + ">", f"{answer:>6}", "+".join(2 * [answer])) == (
        "< yes >",
        "  yes ",
        " yes + yes ",
    )
    assert (list(answer)[1], sorted([answer, "a"]), json.dumps({"a": answer})) == (
        "y",
        [" yes ", "a"],
        '{"a": " yes "}',
    )


def test_answers_of_one_text_are_equal_whatever_else_they_have():
    answers = [Answer("yes", None, seconds=seconds, model="m") for seconds in (1.0, 2.0)]
    assert answers[0] == answers[1]
    assert {*answers, "yes"} == {"yes"}
    assert {"yes": 1}[answers[0]] == 1
    assert Counter([*answers, Answer("no", None)]) == {"yes": 2, "no": 1}


def test_an_answer_that_is_copied_or_sent_to_a_worker_keeps_what_came_with_it():
    answer = Answer("yes", None, raw={"id": "as-1"}, model="m")
    unpickled = pickle.loads(pickle.dumps(answer))  # noqa: S301  (of our own)
    for copied in (copy.copy(answer), copy.deepcopy(answer), unpickled):
        assert type(copied) is Answer
        assert (copied, copied.text, copied.model, copied.raw) == ("yes", "yes", "m", answer.raw)
    changed = answer.with_changes(text="no")
    assert (changed, changed.text, changed.model) == ("no", "no", "m")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_answers_in_a_table_are_texts(library):
    frames = pytest.importorskip(library)
    answers = [Answer("yes", None, model="m"), Answer("no", None)]
    assert list(frames.Series(answers)) == ["yes", "no"]
    assert list(frames.DataFrame({"answer": answers})["answer"] + "!") == ["yes!", "no!"]


def test_tab_shows_what_came_with_an_answer_before_what_any_text_has():
    names = Answer("yes", None).__dir__()
    assert names.index("text") < names.index("json") < names.index("capitalize")


def test_a_result_that_is_there_can_be_awaited():
    answer = Answer("ok", None)

    async def work():
        return await answer

    assert asyncio.run(work()) is answer


@pytest.mark.parametrize(
    ("parameters", "partial", "told"),
    [
        ({}, False, "ask for JSON by response_format"),
        ({"response_format": {"type": "json_object"}}, False, "ask again, or say in the prompt"),
        ({"response_format": {"type": "json_object"}}, True, "the answer was cut off"),
    ],
    ids=["not-asked-for", "asked-for", "cut"],
)
def test_what_to_do_with_an_answer_that_is_not_json_depends_on_what_was_asked(
    parameters, partial, told
):
    request = SimpleNamespace(parameters=parameters)
    with pytest.raises(ProtocolError, match=told):
        Answer('{"a": ', request, partial=partial).json()
    with pytest.raises(UnknownAttribute, match=r"did you mean json\(\)"):
        Answer("{}", request).parsed  # noqa: B018
