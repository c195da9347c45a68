"""The front page."""

import httpx

from ernie_magic.emulator.refusals import OWN, TABLE


def test_the_front_page_explains_itself_in_both_languages(emulator):
    text = httpx.get(emulator.url).text
    assert "模拟" in text
    assert "simulated" in text
    assert all(row.code in text for row in (*TABLE, *OWN))


def test_the_front_page_runs_nothing_and_stands_in_no_other_page(http):
    headers = http.get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
