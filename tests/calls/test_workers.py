"""Work on other threads and processes: the same result, one limit, and no key on the way."""

import dataclasses
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from ernie_magic import errors
from ernie_magic.calls import workers
from ernie_magic.config.credentials import Bearer, Endpoint
from ernie_magic.config.keys import Key
from ernie_magic.config.services import AI_STUDIO
from ernie_magic.config.settings import ErnieSettings
from ernie_magic.session import Session

TEXTS = [f"第{i}行" for i in range(90)]


@pytest.fixture
def keyed(emulator, monkeypatch):
    """A session whose key is in the environment, where workers find theirs."""
    monkeypatch.setenv("AI_STUDIO_API_KEY", "canary-of-the-workers-01")
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    emulator.requests.clear()
    with Session(ErnieSettings(model="ernie-3.5-8k")) as session:
        yield session


@pytest.fixture(params=["threads", "processes"])
def executor(request):
    with (
        ThreadPoolExecutor(3)
        if request.param == "threads"
        else ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor
    ):
        yield executor


def test_rows_and_vectors_are_the_same_as_without(keyed, executor, emulator):
    found = keyed.map("[[echo]]{{text}}", pd.DataFrame({"text": TEXTS}), executor=executor)
    assert found.table["answer"].tolist() == TEXTS
    assert (found.asked, found.errors) == (90, {})
    assert (
        keyed.map(
            "[[echo]]{{text}}", pd.DataFrame({"text": TEXTS}), resume=True, executor=executor
        ).asked
        == 0
    )
    vectors = keyed.embed(TEXTS, cache=False, executor=executor)
    assert np.allclose(vectors.vectors, keyed.embed(TEXTS, cache=False).vectors)
    assert vectors.asked == 90


def test_a_failing_row_and_what_would_fail_them_all(keyed, executor, emulator):
    keyed.settings.retry_count = 1
    emulator.faults.add(code="user_setting_unsafe", path="/chat")
    found = keyed.map("[[echo]]{{text}}", TEXTS[:30], executor=executor)
    assert len(found.errors) == 1
    emulator.faults.add(code="invalid_iam_token", path="/chat", times=1000)
    with pytest.raises(errors.AuthenticationFailed):
        keyed.map("[[echo]]{{text}}", TEXTS[:30], executor=executor)
    emulator.faults.clear()


def test_a_key_does_not_travel():
    endpoint = Endpoint(
        AI_STUDIO,
        "https://a/v3",
        Bearer(Key("canary-of-the-workers-02")),
        {"x": "canary-of-the-workers-02"},
    )
    setup = workers.WorkerSetup(endpoint, ErnieSettings().take_snapshot(), 2, 0, needs_key=True)
    sent = pickle.dumps(setup)
    assert b"canary" not in sent
    assert pickle.loads(pickle.dumps(pickle.loads(sent))).needs_key  # noqa: S301  (our own)
    with pytest.raises(errors.MissingKey, match="keys are not sent to worker processes"):
        pickle.loads(sent).local_endpoint()  # noqa: S301


def test_a_key_in_the_address_is_the_worker_s_own(monkeypatch):
    address = "https://gateway.example/v1?api-version=2"
    monkeypatch.setenv("OPENAI_BASE_URL", f"{address}&code=canary-in-the-address")
    endpoint = ErnieSettings(service="local").build_endpoint()
    assert endpoint.query
    setup = workers.WorkerSetup.for_call(endpoint, ErnieSettings().take_snapshot(), 2)
    sent = pickle.dumps(setup)
    assert b"canary" not in sent
    arrived = dataclasses.replace(pickle.loads(sent), process_id=0)  # noqa: S301  (our own)
    assert not arrived.endpoint.query
    assert arrived.local_endpoint().query == endpoint.query


def test_a_key_of_the_worker_goes_only_to_the_address_that_was_meant(monkeypatch):
    monkeypatch.setenv("AI_STUDIO_API_KEY", "canary-of-the-workers-03")
    endpoint = Endpoint(
        AI_STUDIO, "https://elsewhere.example/v3", Bearer(Key("canary-of-the-workers-03"))
    )
    with pytest.raises(
        errors.InvalidOption, match="the worker has another address for the service"
    ):
        pickle.loads(  # noqa: S301
            pickle.dumps(
                workers.WorkerSetup(endpoint, ErnieSettings().take_snapshot(), 2, 0, needs_key=True)
            )
        ).local_endpoint()


@pytest.mark.parametrize("ask", ["map", "embed"])
def test_an_executor_that_takes_no_work_is_told(keyed, ask):
    with ThreadPoolExecutor(1) as ended:
        pass
    calls = {
        "map": lambda executor: keyed.map("x {{text}}", ["a"], executor=executor),
        "embed": lambda executor: keyed.embed(["a"], cache=False, executor=executor),
    }
    with pytest.raises(errors.InvalidOption, match="takes no more work: cannot schedule") as caught:
        calls[ask](ended)
    assert "make another one" in str(caught.value)
    with pytest.raises(errors.InvalidOption, match=r"write executor=ThreadPoolExecutor\(\)"):
        calls[ask](ThreadPoolExecutor)


@pytest.mark.parametrize("executor", [5, "dask", object()])
def test_what_runs_no_work_is_told(keyed, executor):
    with pytest.raises(errors.InvalidOption, match="cannot run work"):
        keyed.map("x", ["a"], executor=executor)


def test_without_a_key_workers_ask_the_caller_s_emulator():
    with (
        Session(ErnieSettings(service="emulator")) as session,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor,
    ):
        assert (
            session.map("[[echo]]{{text}}", ["a", "b"], executor=executor).rows[1]["answer"] == "b"
        )


def test_a_dask_cluster_of_processes_shares_the_account_s_limit(keyed, emulator):
    distributed = pytest.importorskip("distributed")

    def share_if_used():
        import sys

        limits = sys.modules.get("ernie_magic.wire.limits")
        return limits and limits.LIMITS._known and limits.LIMITS.share

    emulator.rates.requests, emulator.rates.minute = 3000, 60.0
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        found = keyed.map("[[echo]]{{text}}", TEXTS, executor=client)
        vectors = keyed.embed(TEXTS, cache=False, executor=client)
        # On a busy machine one worker may have done all the work.
        shares = [share for share in client.run(share_if_used).values() if share]
    assert [row["answer"] for row in found.rows] == TEXTS
    assert vectors.shape == (90, 384)
    assert set(shares) == {0.5}
