"""Where files that outlive a kernel are kept."""

from pathlib import Path

from ernie_magic.storage import folders


def test_without_a_folder_beside_the_notebook_files_are_the_user_s(tmp_path):
    for kind in ("cache", "data"):
        folder = folders.storage_folder(kind)
        assert folder.is_relative_to(tmp_path / "home")
        assert folder.name == "ernie_magic"
    assert folders.storage_folder("data") == folders.user_folder()


def test_a_folder_beside_the_notebook_holds_all_but_what_is_the_user_s_own(tmp_path):
    Path(folders.NOTEBOOK_FOLDER).mkdir()
    beside = tmp_path / "work" / folders.NOTEBOOK_FOLDER
    assert folders.storage_folder("cache") == folders.storage_folder("data") == beside
    assert folders.user_folder().is_relative_to(tmp_path / "home")


def test_a_file_of_that_name_is_no_folder():
    Path(folders.NOTEBOOK_FOLDER).write_text("")
    assert folders.storage_folder("data") == folders.user_folder()
