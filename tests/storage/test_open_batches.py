"""Who may send a batch, and what became of it."""

import threading

import pytest

from ernie_magic.storage import open_batches
from ernie_magic.storage.open_batches import (
    CLAIM_SECONDS,
    claim_batch,
    find_batch,
    find_finished,
    finish_batch,
    release_claim,
    remember_batch,
    renew_claim,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def clock(monkeypatch):
    """The time, which a test may set."""
    now = [1_000_000.0]
    monkeypatch.setattr(open_batches.time, "time", lambda: now[0])
    return now


def test_one_owner_has_the_claim_until_it_gives_it_back(path):
    assert claim_batch(path, b"a", "one")
    assert claim_batch(path, b"a", "one")
    assert not claim_batch(path, b"a", "two")
    assert claim_batch(path, b"b", "two")
    release_claim(path, b"a", "two")  # it is not two's to give back
    assert not claim_batch(path, b"a", "two")
    release_claim(path, b"a", "one")
    assert claim_batch(path, b"a", "two")


@pytest.mark.parametrize("passed", [CLAIM_SECONDS + 1, -CLAIM_SECONDS - 1])
def test_a_claim_without_a_sign_of_life_is_taken_over(path, clock, passed):
    claim_batch(path, b"a", "one")
    clock[0] += passed / 2
    assert not claim_batch(path, b"a", "two")
    assert renew_claim(path, b"a", "one")
    clock[0] += passed
    assert claim_batch(path, b"a", "two")
    assert not renew_claim(path, b"a", "one")
    assert renew_claim(path, b"a", "two")


def test_of_many_threads_one_gets_the_claim(path):
    barrier = threading.Barrier(16)
    got = []

    def claim(owner):
        barrier.wait()
        got.append(claim_batch(path, b"a", owner))

    threads = [threading.Thread(target=claim, args=(f"owner-{i}",)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 15 + [True]


def test_a_finished_batch_is_found_by_who_began_before(path, clock):
    remember_batch(path, b"a", "batch-1")
    began = clock[0]
    clock[0] += 1
    finish_batch(path, b"a", "batch-1")
    assert find_batch(path, b"a") == ""
    assert find_finished(path, b"a", began) == "batch-1"
    assert find_finished(path, b"a", clock[0]) == ""
    assert find_finished(path, b"b", began) == ""
    clock[0] += 2 * 24 * 3600
    finish_batch(path, b"b", "batch-2")
    assert find_finished(path, b"a", began) == ""
