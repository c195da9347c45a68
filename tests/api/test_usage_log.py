"""What a session spent, by service and model."""

from ernie_magic.api.usage import Spent, Usage
from ernie_magic.api.usage_log import UsageLog


def test_usage_adds_up_by_service_and_model_and_what_was_not_counted_is_told():
    log = UsageLog()
    log.add("aistudio", "a", Usage(1, 2, 3, reasoning_tokens=1))
    log.add("aistudio", "b", None)
    log.add("qianfan", "a", Usage(10, 20, 30))
    log.add("aistudio", "a", Usage(1, 2, 3, search_tokens=5))
    assert list(log.by_model.items()) == [
        (("aistudio", "a"), Spent(2, 0, Usage(2, 4, 6, 5, 0, 1))),
        (("aistudio", "b"), Spent(1, 1, Usage())),
        (("qianfan", "a"), Spent(1, 0, Usage(10, 20, 30))),
    ]
    assert log.total == Spent(4, 1, Usage(12, 24, 36, 5, 0, 1))
    assert repr(log) == "UsageLog(4 requests, 36 tokens)"


def test_what_is_read_is_a_copy():
    log = UsageLog()
    log.add("aistudio", "a", Usage())
    log.by_model.clear()
    assert log.total.requests == 1
