"""Services and models of one's own as tables."""

import pytest

from ernie_magic.notebook.display.services import (
    own_models_table,
    service_table,
    services_table,
)
from ernie_magic.qianfan.services.group import OwnModel, PlatformService

OWN = PlatformService("svco-1", "<script>alert(1)</script>", "Serving", "ernie", "abc_x")
PRESET = PlatformService("svco-2", "ernie-5.0", "Serving", is_preset=True)


def test_own_services_come_first_and_preset_ones_are_folded():
    table = services_table([PRESET, OWN], "en")
    assert [row[0] for row in table.rows] == [OWN.name, "ernie-5.0"]
    assert (table.folded, table.folded_title) == (1, "1 preset service")
    assert table.headings == {0: "deployed by you"}
    assert services_table([PRESET], "zh").headings == {0: "平台预置"}
    assert services_table([], "en").note.startswith("0 services of your own")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_the_platform_names_is_text_in_a_page(language):
    for table in (
        services_table([OWN], language),
        service_table(OWN, language),
        own_models_table([OwnModel("amv-1", "am-1", "<b>x</b>", endpoints=("a", "b"))], language),
    ):
        markup = table._repr_html_()
        assert "<script>" not in markup
        assert "<b>" not in markup


def test_the_emulator_s_services_say_so():
    simulated = PlatformService("svco-1", "x", "New", is_simulated=True)
    assert "built-in emulator" in services_table([simulated], "en").note
    assert "built-in emulator" in service_table(simulated, "en").note
    assert "emulator" not in services_table([OWN], "en").note
    assert own_models_table([OwnModel("amv-1", "am-1", "x")], "en").note.startswith("1 version")
