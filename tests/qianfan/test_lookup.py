"""What a call names: by the id, by the name, or by the thing itself."""

import pytest

from ernie_magic import errors
from ernie_magic.api.account_things import Kind
from ernie_magic.qianfan.lookup import find_named, id_of, name_of
from ernie_magic.qianfan.services.group import PlatformService
from ernie_magic.session import Session
from ernie_magic.text.language import Text

SERVICE = Kind(Text("服务", "service"), Text("全部", "all of them"))
KNOWN = [
    PlatformService("svco-1", "twin", endpoint="a_one"),
    PlatformService("svco-2", "twin", endpoint="b_two"),
    PlatformService("svco-3", "three", endpoint="c_twin"),
]


def other_names(service):
    return [service.endpoint.partition("_")[2]]


@pytest.mark.parametrize(
    ("name", "found"), [("three", "svco-3"), ("svco-2", "svco-2"), ("two", "svco-2")]
)
def test_a_thing_is_found_by_its_name_its_id_and_else_by_what_it_is_called(name, found):
    assert find_named(name, KNOWN, SERVICE, other_names).id == found


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("twin", "2 services are called twin.*give the id of one of them: svco-1, svco-2"),
        ("thre", r"there is no service thre\b.*did you mean three"),
        ("nobody", "there is no service nobody.*all of them"),
    ],
)
def test_several_and_none_of_a_name_are_told(name, told):
    with pytest.raises(errors.InvalidOption, match=told):
        find_named(name, KNOWN, SERVICE, other_names)


@pytest.mark.parametrize("given", [None, 3, "", "  ", [], {}, ValueError("x"), b"x"])
def test_what_names_nothing_is_refused_before_anything_is_sent(given):
    with pytest.raises(errors.InvalidOption):
        name_of(given, SERVICE)
    with pytest.raises(errors.InvalidOption):
        id_of(given)
    with Session(service="emulator", language="en") as session:
        for call in (
            session.services.get,
            session.services.watch,
            session.datasets.get,
            session.datasets.export,
            session.knowledge.documents,
            session.apps.get,
            session.tuning.watch,
            session.batches.get,
            session.files.get,
            session.batch_inference.get,
        ):
            with pytest.raises(errors.InvalidOption):
                call(given)
        log = session.client._emulator
        assert log is None or not log.requests


def test_what_a_list_returned_is_accepted_as_its_id_is():
    with Session(service="emulator") as session:
        (base,) = session.knowledge.list()
        assert len(session.knowledge.documents(base)) == 3
        app = session.apps.list()[0]
        assert session.apps.get(app).id == app.id
        assert session.apps.chat(app, "咖啡豆能退吗？").text
