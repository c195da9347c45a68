"""What results hold: a statistic is the service's, or measured."""

import pytest

from ernie_magic.api.results import Answer


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
