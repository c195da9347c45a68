"""A notebook that changes its folder keeps its key, and its ledger."""

import shutil

import pytest

from ernie_magic.config.variables import read_variable
from ernie_magic.config.work_folders import WorkFolders
from ernie_magic.session import Session
from ernie_magic.storage.folders import storage_folder


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / ".ernie").mkdir()
    (folder / ".env").write_text("AI_STUDIO_API_KEY=key-of-the-project\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def elsewhere(tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def test_the_service_and_the_ledger_stay_where_the_folder_changes(project, elsewhere, monkeypatch):
    session = Session()
    for folder in (project, project / "data", elsewhere):
        monkeypatch.chdir(folder)
        assert session.endpoint().service.name == "aistudio"
        assert storage_folder("data") == project / ".ernie"


def test_the_folder_that_all_began_in_is_looked_at_too(project, elsewhere, monkeypatch):
    folders = WorkFolders()
    monkeypatch.chdir(elsewhere)
    assert folders.find(".env", lambda folder: folder if folder == project else None) == project


def test_the_files_of_the_folder_that_is_worked_in_come_first(project, elsewhere, monkeypatch):
    assert read_variable("AI_STUDIO_API_KEY")[0] == "key-of-the-project"
    (elsewhere / ".env").write_text("AI_STUDIO_API_KEY=key-of-elsewhere\n")
    (elsewhere / ".ernie").mkdir()
    monkeypatch.chdir(elsewhere)
    assert read_variable("AI_STUDIO_API_KEY")[0] == "key-of-elsewhere"
    assert storage_folder("data") == elsewhere / ".ernie"


def test_what_was_deleted_is_no_longer_found(project, elsewhere, monkeypatch):
    assert storage_folder("data") == project / ".ernie"
    monkeypatch.chdir(elsewhere)
    shutil.rmtree(project)
    assert storage_folder("data") != project / ".ernie"
    assert read_variable("AI_STUDIO_API_KEY") == ("", "")
