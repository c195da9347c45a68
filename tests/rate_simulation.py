"""Calls to a service that tells its limits by refusals only, on a clock that does not wait: an hour
of them takes seconds, and always the same ones.

The client is the real one, from its retries down to what it learns of limits; only bytes are not
sent.
"""

import asyncio
import math
import random
import selectors
from dataclasses import dataclass, field
from types import SimpleNamespace

from ernie_magic import errors
from ernie_magic.text.language import Text
from ernie_magic.wire.http import HttpClient, _Sending
from ernie_magic.wire.limits import LIMITS
from ernie_magic.wire.request import Context, WireRequest

NOTHING = Text("", "")


class _SkippingSelector(selectors.SelectSelector):
    """Skips the time that it is told to wait."""

    now = 1000.0

    def select(self, timeout=None):
        assert timeout is not None, "all wait for one another"
        self.now += max(timeout, 0.0)
        return []


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop on a clock of its own, which skips what it would wait."""

    def __init__(self):
        self._clock = _SkippingSelector()
        super().__init__(self._clock)

    def time(self):
        return self._clock.now


def at_once(most):
    """So many at the same time."""
    return lambda _now, active: active < most


def in_any_span(most, seconds):
    """So many in any span of so many seconds."""
    accepted = []

    def allows(now, _active):
        accepted[:] = [at for at in accepted if at > now - seconds]
        if len(accepted) >= most:
            return False
        accepted.append(now)
        return True

    allows.opens_at = lambda: accepted[0] + seconds
    return allows


def in_whole_seconds(rule, phase=0.37):
    """What a service asks to wait that tells a date: it has no fractions of a second."""
    return lambda now: max(0.0, math.floor(rule.opens_at() + phase) - phase - now)


def counting_refusals(most, seconds):
    """So many in any span of so many seconds, with those that are refused."""
    asked = []

    def allows(now, _active):
        asked[:] = [at for at in asked if at > now - seconds]
        asked.append(now)
        return len(asked) <= most

    return allows


def in_each_window(most, seconds, phase=0.3):
    """So many in each window of so many seconds, by the server's clock."""
    count = {}

    def allows(now, _active):
        window = int(now / seconds + phase)
        count[window] = count.get(window, 0) + 1
        if count[window] > most:
            count[window] -= 1
            return False
        return True

    return allows


def from_bucket(size, seconds):
    """One for each token of a bucket, which is filled evenly in so many seconds."""
    bucket = SimpleNamespace(tokens=float(size), at=None)

    def allows(now, _active):
        if bucket.at is not None:
            bucket.tokens = min(size, bucket.tokens + (now - bucket.at) * size / seconds)
        bucket.at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    return allows


def all_of(*rules):
    """Only what each of several rules allows; the first is asked first."""
    return lambda now, active: all(rule(now, active) for rule in rules)


@dataclass
class Service:
    """Answers after `latency` seconds what `allows(now, active)`; refuses the rest.

    `latency` may be a range. `travel` is the range of what a message takes, one way. `retry_after`
    may depend on the time.
    """

    allows: object
    latency: object = 0.1
    status: int = 429
    code: str = ""
    retry_after: object = None
    headers: dict = field(default_factory=dict)
    travel: tuple = (0.001, 0.003)
    accepted: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    active: int = 0
    most: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311

    async def answer(self):
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self.chance.uniform(*self.travel))
        if not self.allows(loop.time(), self.active):
            self.refused.append(loop.time())
            await asyncio.sleep(self.chance.uniform(*self.travel))
            kind = errors.ServerError if self.status >= 500 else errors.RateLimited
            retry_after = self.retry_after
            if callable(retry_after):
                retry_after = retry_after(loop.time())
            raise kind(
                NOTHING,
                status=self.status,
                code=self.code,
                retryable=True,
                retry_after=retry_after,
            )
        self.accepted.append(loop.time())
        self.active += 1
        self.most = max(self.most, self.active)
        latency = self.latency
        if isinstance(latency, tuple):
            latency = self.chance.uniform(*latency)
        await asyncio.sleep(latency)
        self.active -= 1
        await asyncio.sleep(self.chance.uniform(*self.travel))


class _Client(HttpClient):
    def __init__(self, service):
        super().__init__()
        self._service = service

    async def _send_once(self, sending, _token):
        await self._service.answer()
        return await sending.read(SimpleNamespace(headers=self._service.headers))


@dataclass
class Outcome:
    """What came of a run."""

    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    state: object = None
    deltas: list = field(default_factory=list)

    @property
    def notices(self):
        """What the calls were told that they wait for."""
        return [delta.notice.en for delta in self.deltas]


def run(service, *, seconds=math.inf, calls=10**9, in_flight=16, retry_count=5, meanwhile=None):
    """Make calls for so many seconds, or so many; return what came of them."""
    LIMITS.forget_all()
    before, loop = (LIMITS.clock, LIMITS.minute), SkippingLoop()
    LIMITS.clock, LIMITS.minute = loop.time, 60.0
    try:
        return loop.run_until_complete(
            _run(service, seconds, calls, in_flight, retry_count, meanwhile)
        )
    finally:
        LIMITS.clock, LIMITS.minute = before
        LIMITS.forget_all()
        loop.close()


async def _run(service, seconds, calls, in_flight, retry_count, meanwhile):
    loop, client, left = asyncio.get_running_loop(), _Client(service), iter(range(calls))
    outcome, began = Outcome(), loop.time()
    endpoint = SimpleNamespace(account="a", service=SimpleNamespace(name="local"))
    settings = SimpleNamespace(retry_count=retry_count, backoff_factor=1.0)
    request = WireRequest("POST", "/chat", model="m")

    async def read(_response):
        return None

    async def work():
        for _ in left:
            context = Context(endpoint, settings, outcome.deltas.append)
            try:
                await client._send_with_retries(_Sending(context, request, read))
            except errors.ErnieError:
                outcome.failed += 1
            else:
                outcome.done += 1

    workers = [asyncio.ensure_future(work()) for _ in range(in_flight)]
    if meanwhile is not None:
        workers.append(asyncio.ensure_future(meanwhile()))
    ended, _ = await asyncio.wait(workers, timeout=min(seconds, 1e6))
    for worker in ended:
        worker.result()
    outcome.seconds = loop.time() - began
    (outcome.state,) = await LIMITS.list_states()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    return outcome
