"""What a live list says of its models: lengths and prices, in the forms that servers use."""

import pytest

from ernie_magic.api.listed_facts import Facts, describe_pricing, read_facts

TIERS = [{"upper_bound": 32, "price": "0.004"}, {"upper_bound": None, "price": "0.006"}]


@pytest.mark.parametrize(
    ("raw", "facts"),
    [
        ({}, Facts()),
        ({"context_length": 131072, "max_tokens": 12288}, Facts(131072, None, 12288)),
        ({"context_length": "8192", "max_input_tokens": 5120}, Facts(8192, 5120, None)),
        ({"max_model_len": 32768}, Facts(32768)),
        ({"meta": {"n_ctx_train": 163840}}, Facts(163840)),
        ({"context_length": 4096, "top_provider": {"context_length": 9}}, Facts(4096)),
        ({"inputTokenLimit": 10, "outputTokenLimit": 5}, Facts(None, 10, 5)),
        ({"context_length": {"a": 1}, "max_tokens": None, "meta": []}, Facts()),
        ({"context_length": -1, "max_tokens": True}, Facts()),
    ],
)
def test_lengths_are_read_under_the_names_that_servers_use(raw, facts):
    assert read_facts(raw) == facts


@pytest.mark.parametrize(
    ("pricing", "text"),
    [
        (None, ""),
        ({}, ""),
        ({"prompt": "0.0008", "completion": "0.0032"}, "0.0008 / 0.0032"),
        ({"prompt": 0.5, "completion": 1}, "0.5 / 1"),
        ({"prompt": TIERS, "completion": "0.02"}, "0.004 (≤ 32k), 0.006 / 0.02"),
        ({"prompt": "0.0005"}, "0.0005"),
        ({"image": "0.05"}, "image 0.05"),
        (
            {"prompt": "0.1", "completion": "0.2", "image": "0", "request": "0.3"},
            "0.1 / 0.2; request 0.3",
        ),
        ({"prompt": {"a": 1}, "completion": "free"}, ""),
        ({"prompt": [5, {}, {"price": None}]}, ""),
        ("cheap", ""),
    ],
)
def test_prices_are_shown_as_the_list_gives_them(pricing, text):
    assert describe_pricing({"pricing": pricing}) == text
