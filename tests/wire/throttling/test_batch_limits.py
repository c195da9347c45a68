"""How many texts a service takes at once, by its own words."""

import pytest

from ernie_magic import errors
from ernie_magic.text.language import untranslated
from ernie_magic.wire.throttling.batch_limits import find_batch_limit


def refused(message, status=400, kind=errors.BadRequest):
    return kind(untranslated("refused"), status=status, message=message)


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("Value error, batch size is invalid, it should not be larger than 10.: input.contents", 10),
        ("batch size 16 > maximum allowed batch size 4", 4),
        ("input batch size 16 > maximum allowed batch size 8", 8),
        (("Invalid 'input': array too long. Expected an array with maximum length 12, but got an "
         "array with length 16 instead."), 12),
        ("invalid request: total number of texts must be at most 9 - received 16", 9),
        ("* BatchEmbedContentsRequest.requests: at most 10 requests can be in one batch", 10),
        (("Too many inputs. The max number of inputs is 1.  We hope to increase the number of inputs "
         "per request soon."), 1),
        ("The batch size limit is 5. Your batch size is 16.", 5),
        ("Too many inputs in request, split into more batches.", 8),
        ("input数组最大不得超过6条", 6),
        ("输入文本数量超过上限 15", 15),
        ("batch size exceeds the limit", 8),
        ("the length of input must be <= 16 items, batch is too large", 8),
        ("embeddings max batch size is 10", 10),
        ("Batch size in tokens too large, split the batch", 8),
        # https://github.com/sigoden/aichat/pull/825
        (("Request to model 'voyage-large-2-instruct' failed. The max allowed tokens per submitted "
         "batch is 120000. Your batch has 121138 tokens after truncation. Please lower the number "
         "of tokens in the batch."), 8),
        ("Requested 368036 tokens, max 300000 tokens per request", 8),
        ("Too many tokens in batch. Max is 16384 got 20000", 8),
        ("This batch has 5000 tokens, which is above 10", 8),
        ("单次请求的总 token 数不能超过 8192", 8),
    ],
)  # fmt: skip
def test_the_limit_is_read_from_the_refusal(said, limit):
    assert find_batch_limit(refused(said), 16) == limit


@pytest.mark.parametrize("said", ["", "413 Request Entity Too Large", "Payload Too Large"])
def test_a_body_that_a_proxy_refuses_is_halved(said):
    error = refused(said, status=413, kind=errors.InputTooLong)
    assert find_batch_limit(error, 16) == 8


@pytest.mark.parametrize(
    ("error", "count"),
    [
        (refused("batch size must be at most 10"), 1),
        (refused("model not found"), 16),
        (refused("This model's maximum context length is 512 tokens, your input has 600"), 16),
        (refused("input is too large to process. increase the physical batch size"), 16),
        (refused("batch size must be at most 10", status=500, kind=errors.ServerError), 16),
        (refused("too many requests in a batch", status=429, kind=errors.RateLimited), 16),
        (refused("invalid dimensions: 7"), 16),
        (refused("the input has 600 tokens, at most 512 are allowed per text"), 16),
        (
            refused("400000 tokens per request are not in your plan", 403, errors.PermissionDenied),
            16,
        ),
    ],
    ids=lambda given: str(getattr(given, "message", given)),
)
def test_another_refusal_says_nothing_of_batches(error, count):
    assert find_batch_limit(error, count) is None
