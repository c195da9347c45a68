"""Bounds of time, and of waiting, that a busy machine is no reason to miss."""

import time
from statistics import median

ROUNDS = 7
PATIENCE = 30.0  # seconds for a state that comes in milliseconds


def is_within(seconds, measure, measure_plain, ratio, rounds=ROUNDS):
    """Whether something takes less than a bound, in the median of some rounds.

    Where it does not, it is measured again in turn with a plain cell of the same kernel: it may
    take `ratio` times as long as that one. On a free machine this is the bound again.
    """
    if median(measure() for _ in range(rounds)) < seconds:
        return True
    pairs = [(measure(), measure_plain()) for _ in range(ROUNDS)]
    taken, plain = map(median, zip(*pairs, strict=True))
    return taken < max(seconds, ratio * plain)


def all_left(emulator):
    """Whether the client leaves each stream before its end, whenever that is noticed."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        if not emulator.open_streams and all(sent.disconnected for sent in emulator.requests):
            return True
        time.sleep(0.005)
    return False
