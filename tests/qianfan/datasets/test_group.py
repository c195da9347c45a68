"""Datasets of Qianfan's platform: created, imported from BOS, published, exported, deleted."""

import asyncio
import re

import pytest

from ernie_magic import errors
from ernie_magic.qianfan.datasets.records import (
    DatasetRecord,
    read_transfer,
)
from ernie_magic.session import Session

FILE = "bos:/bucket/dir/train.jsonl"


@pytest.fixture(scope="module")
def session():
    with Session(service="emulator", language="en") as session:
        yield session


@pytest.fixture
def datasets(session):
    return session.datasets


@pytest.fixture
def made(datasets, request):
    return datasets.create(request.node.name, "sft")


def log_of(session):
    return session.client._emulator.requests


def actions(session, since=0):
    return [entry.action for entry in list(log_of(session))[since:]]


def deltas_of(stream):
    return [delta for batch in stream.iter_batches() for delta in batch]


def test_a_dataset_goes_its_whole_way(datasets, made, tmp_path):
    assert made.id.startswith("dg-")
    assert (made.name, made.format, made.storage) == (
        "test_a_dataset_goes_its_whole_way",
        "PromptResponse",
        "sysStorage",
    )
    (version,) = made.versions
    imported = datasets.import_files(made, FILE)
    assert (imported.version_id, imported.state) == (version.id, "ImportFinished")
    assert (imported.samples, imported.size_mb, imported.percent) == (100, 0.1, 100)
    published = datasets.publish(made.name)
    assert (published.id, published.publish_state) == (version.id, "Published")
    assert (published.number, published.samples) == (1, 100)
    exported = datasets.export(version, "bos:/bucket/out")
    assert exported.raw["storagePath"] == "bos:/bucket/out/"
    assert exported.is_over
    assert not exported.has_failed
    second = datasets.add_version(made.id, "more")
    found = datasets.get(made.name)
    assert [one.number for one in found.versions] == [1, 2]
    assert found.versions[1].id == second.id
    assert found.format == datasets.get(made.id).format == "PromptResponse"
    assert datasets.get_version(found).id == second.id
    datasets.delete_version(second, confirm=True)
    datasets.delete(made.id, confirm=True)
    assert made.name not in [one.name for one in datasets.list()]


def test_datasets_are_listed_over_pages_and_found_by_name(session, datasets):
    names = [f"page {number:03}" for number in range(105)]
    for name in names:
        datasets.create(name, "Role")
    assert [one.name for one in datasets.list() if one.name.startswith("page")] == names
    assert datasets.get("page 104").versions[0].number == 1
    with pytest.raises(errors.InvalidOption, match=r"no dataset page 105.*did you mean page"):
        datasets.get("page 105")
    body = {"datasetName": "page 104", "dataFormat": "Role", "storageType": "sysStorage"}
    session.wire.call("dataset", "CreateDataset", body)  # as the console may
    with pytest.raises(errors.InvalidOption, match=r"2 datasets are called page 104.*dg-.*, dg-"):
        datasets.get("page 104")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ("train.jsonl", "train.jsonl is not an address in BOS.*imports from BOS alone, no call uploads"),
        ("/tmp/train.jsonl", "is not an address in BOS"),  # noqa: S108
        ("https://bucket.bj.bcebos.com/train.jsonl", "is not an address in BOS"),
        ("bos://bucket/train.jsonl", "is not an address in BOS"),
        ("bos:/bucket", "is not an address in BOS"),
        (["bos:/bucket/a b.jsonl"], "is not an address in BOS"),
        ([], "there are no files to import"),
        ([None], "is not an address in BOS"),
        ("bos:/bucket/train.parquet", "the platform imports no such file"),
        (["bos:/bucket/dir/", FILE], "a folder is imported alone"),
    ],
)  # fmt: skip
def test_an_address_that_is_not_of_bos_is_told_before_anything_is_sent(
    session, datasets, files, told
):
    sent = len(log_of(session)) if session.client._emulator else 0
    with pytest.raises(errors.InvalidOption, match=told):
        datasets.import_files("ds-1", files)
    assert sent == (len(log_of(session)) if session.client._emulator else 0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("", "sft"), "a dataset must have a name"),
        (("d", "Rolle"), "did you mean Role"),
        (("d", "sft", "/home/me"), "/home/me is not a folder in BOS.*leave storage out"),
        (("d", "sft", "bos:bucket/"), "is not a folder in BOS"),
    ],
)
def test_what_cannot_be_created_is_told_at_once(datasets, arguments, told):
    name, form, *storage = arguments
    with pytest.raises(errors.InvalidOption, match=told):
        datasets.create(name, form, storage="".join(storage))


def test_files_are_imported_into_a_new_dataset_and_local_ones_refused_before(session, datasets):
    made = datasets.create("filled", "sft", files=FILE)
    assert [version.import_state for version in made.versions] == ["ImportFinished"]
    before = len(log_of(session))
    with pytest.raises(errors.InvalidOption, match="imports from BOS alone"):
        datasets.create("local", "sft", files="train.jsonl")
    assert len(log_of(session)) == before
    with pytest.raises(errors.ServiceError) as caught:
        datasets.create("broken", "sft", files=["bos:/bucket/mock_failed.jsonl"])
    assert f"the dataset {datasets.get('broken').id} exists" in caught.value.line("en")


def test_a_dataset_of_the_same_name_is_returned_and_not_created_twice(session, datasets):
    made = datasets.create("run again", "sft")
    filled = datasets.create("run again", "sft", files=FILE)
    assert (filled.id, filled.versions[-1].import_state) == (made.id, "ImportFinished")
    before = len(log_of(session))
    stream = datasets._begin_create("run again", "sft", files=FILE)
    told = [delta.notice.en for batch in stream.iter_batches() for delta in batch if delta.notice]
    assert stream.result().id == made.id
    assert any(f"'run again' already ({made.id})" in line for line in told)
    sent = actions(session, before)
    assert not [action for action in sent if action.startswith("Create")]
    with pytest.raises(errors.InvalidOption, match=r"'run again' already, whose format is"):
        datasets.create("run again", "Role")


def test_a_dataset_whose_reply_was_lost_is_found_by_the_next_call(session, datasets):
    session.client._start_emulator().faults.add(action="CreateDataset", lose_reply=True)
    with pytest.raises(errors.OutcomeUnknown):
        datasets.create("lost reply", "sft")
    assert datasets.create("lost reply", "sft").id == datasets.get("lost reply").id


def test_that_data_comes_from_bos_alone_is_said_before_a_dataset_is_created(session, datasets):
    stream = datasets._begin_create("told", "SFT_FIM", storage="bos:/bucket/dir")
    notices = [delta.notice.en for delta in deltas_of(stream) if delta.notice]
    assert "data comes into this dataset from BOS alone" in notices[0]
    assert stream.result().storage == "bos:/bucket/dir/"
    assert log_of(session)[-1].body["dataFormat"] == "SFT_FIM"


def test_an_import_that_fails_tells_where_its_faults_are(datasets, made):
    with pytest.raises(errors.ServiceError) as caught:
        datasets.import_files(made, "bos:/bucket/mock_failed.jsonl")
    line = caught.value.line("en")
    assert "failed: ImportFailed" in line
    assert "its faults: http://127.0.0.1" in line
    assert "correct the file and import it again" in line
    version = made.versions[0]
    with pytest.raises(errors.BadRequest, match="can not be published"):
        datasets.publish(version)


def test_a_publishing_that_fails_is_told(datasets):
    failing = datasets.create("mock_failed", "sft")
    datasets.import_files(failing, FILE)
    with pytest.raises(errors.ServiceError, match="not every sample has an answer"):
        datasets.publish(failing)


def test_an_import_that_was_stopped_is_watched_again_and_created_once(session, datasets, made):
    before = len(log_of(session))
    stream = datasets._begin_import_files(made.versions[0], FILE)
    for batch in stream.iter_batches():
        if any(delta.notice for delta in batch):
            break
    told = stream.stop().stop_message.en
    task_id = re.search(r"task-\w+", told)[0]
    assert told.endswith(f"goes on: wait again with ernie.datasets.watch_import('{task_id}')")
    assert datasets.watch_import(task_id).state == "ImportFinished"
    sent = list(log_of(session))[before:]
    assert len([entry for entry in sent if "files" in (entry.body or {})]) == 1


def test_a_publishing_that_was_stopped_goes_on_and_says_so(datasets, made):
    datasets.import_files(made, FILE)
    stream = datasets._begin_publish(made)
    for batch in stream.iter_batches():
        if any(delta.notice for delta in batch):
            break
    told = stream.stop().stop_message.en
    version_id = made.versions[0].id
    assert told.endswith(
        f"is still being published: see ernie.datasets.get_version('{version_id}')"
    )
    assert datasets.get_version(version_id).publish_state == "Published"


@pytest.mark.parametrize(
    ("call", "action"),
    [
        ("create", "CreateDataset"),
        ("import_files", "CreateImportTask"),
        ("export", "CreateExportTask"),
        ("add_version", "CreateDatasetVersion"),
    ],
)
def test_what_may_have_been_created_is_told_and_not_sent_again(
    session, datasets, made, call, action
):
    before = len(log_of(session))
    arguments = {
        "create": ("lost", "sft"),
        "import_files": (made.versions[0].id, FILE),
        "export": (made.versions[0].id,),
        "add_version": (made.id,),
    }
    session.client._emulator.faults.add(action=action, status=502, html=True)
    with pytest.raises(errors.OutcomeUnknown, match=r"may have been created.*look before you"):
        getattr(datasets, call)(*arguments[call])
    assert actions(session, before).count(action) == 1


def test_nothing_is_waited_for_if_not_wished(datasets, made):
    task = datasets.import_files(made.versions[0], [FILE], wait=False)
    assert (task.state, task.is_over) == ("Created", False)
    assert datasets.watch_import(task).samples == 100
    assert datasets.publish(made, wait=False).publish_state == "Publishing"
    task = datasets.export(made, wait=False)
    assert asyncio.run(datasets.awatch_export(task)).state == "ExportFinished"


def test_progress_of_an_import_is_shown(datasets, made):
    stream = datasets._begin_import_files(made, FILE)
    done = [delta.progress.done for delta in deltas_of(stream) if delta.progress]
    assert done == [0, 50, 100]
    assert stream.result().state == "ImportFinished"


def test_what_is_deleted_is_confirmed_first(session, datasets, made):
    before = len(log_of(session))
    for call in (datasets.delete, datasets.delete_version):
        with pytest.raises(errors.NotConfirmed, match=r"deleted for good.*confirm=True"):
            call(made.name)
    with pytest.raises(errors.NotConfirmed, match="confirm=True"):
        datasets.delete(DatasetRecord("dg-1", "mine"), confirm="yes")
    assert len(log_of(session)) == before
    datasets.delete(made, confirm=True)


def test_a_file_is_read_and_checked_in_the_session_s_language(session, datasets, tmp_path):
    file = tmp_path / "train.jsonl"
    file.write_text('[{"prompt": "q", "response": [["a"]]}]')
    assert len(datasets.read(file)) == 1
    file.write_text("{}\n[]")
    with pytest.raises(errors.InvalidDataset, match=r"train.jsonl: 2 problems"):
        datasets.read(file, "sft")
    session.settings.language = "zh"
    with pytest.raises(errors.InvalidDataset, match=r"train.jsonl 有 2 处不对"):
        datasets.read(file, "sft")
    session.settings.language = "en"


@pytest.mark.parametrize(
    ("reply", "status", "is_over"),
    [
        ({"importStatus": "Importing", "progress": "37"}, "Importing", False),
        ({"status": "Done"}, "Done", True),
        ({"runStatus": "Stopped"}, "Stopped", True),
        ({"exportStatus": "ExportFailed"}, "ExportFailed", True),
        ({}, "", True),
        ([], "", True),
        ({"importStatus": 3}, "3", False),
    ],
)
def test_states_of_other_names_are_read(reply, status, is_over):
    found = read_transfer("task-1", reply)
    assert (found.state, found.is_over) == (status, is_over)


def test_a_session_without_a_pair_of_keys_is_told(monkeypatch):
    monkeypatch.setenv("QIANFAN_API_KEY", "bce-v3/ALTAK-x/0123")
    with Session(service="qianfan") as other, pytest.raises(errors.MissingKey):
        other.datasets.list()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda datasets: datasets.create("cats", "PromptResponse", files=5), "files is a list"),
        (lambda datasets: datasets.import_files("ds-1", 5), "files is a list, not 5"),
        (lambda datasets: datasets.delete(5, confirm=True), "id is a text, not 5"),
        (lambda datasets: datasets.delete_version(None, confirm=True), "id is a text, not None"),
        (lambda datasets: datasets.read([{"prompt": "a"}], fields="x"), "fields is a dict"),
    ],
)
def test_arguments_of_a_wrong_type_are_told(datasets, call, words):
    with pytest.raises(errors.InvalidOption, match=words):
        call(datasets)
