"""`%ernie models`: what the live list says of each model, and what the catalogue adds."""

import pytest

from ernie_magic.config.settings import ErnieSettings
from ernie_magic.notebook.display import tables
from ernie_magic.notebook.magics import commands
from ernie_magic.session import Session
from tests.model_server import Service


@pytest.fixture(scope="module")
def service():
    service = Service()
    yield service
    service.stop()


def listed(service, entries, name="qianfan", words=""):
    service.listed = {"data": entries}
    url = f"{service.url}/v1"
    settings = ErnieSettings(service=name, base_url=url, api_key="k", language="en")
    with Session(settings) as session:
        return commands.run_command(session, f"models {words}")


def cells(table, id_):
    return dict(zip(table.headers, next(row for row in table.rows if row[0] == id_), strict=True))


def test_types_lengths_and_prices_of_the_live_list_are_shown(service):
    price = {"prompt": "0.0008", "completion": "0.0032"}
    table = listed(
        service,
        [
            {
                "id": "new-1",
                "type": "chat",
                "context_length": 131072,
                "max_tokens": 12288,
                "pricing": price,
            },
            {"id": "new-2", "type": "text2image", "pricing": {"image": "0.05"}},
            {"id": "new-3", "type": "text2video"},
            {"id": "ernie-3.5-8k", "context_length": 8192},
        ],
    )
    assert cells(table, "new-1") == {
        "model": "new-1",
        "type": "chat",
        "context": "131,072",
        "max input": "",
        "max output": "12,288",
        "CNY per 1,000 tokens (input / output)": "0.0008 / 0.0032",
        "abilities": "",
        "notes": "",
    }
    assert cells(table, "new-2")["type"] == "image"
    assert cells(table, "new-2")["CNY per 1,000 tokens (input / output)"] == "image 0.05"
    assert cells(table, "new-3")["type"] == "?"
    assert cells(table, "ernie-3.5-8k")["max input"] == "5,120"
    assert [
        row[0] for row in listed(service, [{"id": "a", "type": "text2image"}], words="image").rows
    ]


def test_a_list_of_ids_has_no_columns_for_what_it_does_not_say(service):
    table = listed(service, [{"id": "ernie-3.5-8k"}, {"id": "mine"}])
    assert list(table.headers) == [
        "model",
        "type",
        "max input",
        "max output",
        "abilities",
        "notes",
    ]


def test_prices_of_another_server_have_no_unit(service):
    table = listed(service, [{"id": "a", "pricing": {"prompt": "0.5"}}], name="local")
    assert "price (input / output)" in table.headers


def test_models_stand_in_the_order_of_the_panel_and_the_default_is_marked(service):
    ids = ["ernie-3.5-8k", "Stable-Diffusion-XL", "ernie-5.0", "ernie-4.5-turbo-128k", "new"]
    table = listed(service, [{"id": id_} for id_ in ids], name="aistudio")
    assert [row[0] for row in table.rows] == [
        "ernie-4.5-turbo-128k",
        "ernie-5.0",
        "Stable-Diffusion-XL",
        "new",
        "ernie-3.5-8k",
    ]
    marked = [row[0] for row in table.rows if row[-1].startswith("default")]
    assert marked == ["ernie-4.5-turbo-128k", "Stable-Diffusion-XL"]


@pytest.mark.parametrize(
    ("sought", "told"),
    [
        ("imgae", " · did you mean image?"),
        ("ernie-5.0-trubo", " · did you mean ernie-5.0?"),
        ("xyz", "/v1 · %ernie models lists all"),
    ],
)
def test_a_filter_that_finds_nothing_names_what_is_close(service, sought, told):
    table = listed(service, [{"id": "ernie-5.0"}, {"id": "irag-1.0"}], words=sought)
    assert list(table.rows) == []
    assert table.note.endswith(told), table.note


class Priced(Service):
    """A service whose list has prices, and whose answers cost."""

    def _reply_to(self, path, body):
        status, reply = super()._reply_to(path, body)
        if "choices" in reply:
            usage = {"prompt_tokens": 1_000, "completion_tokens": 500, "total_tokens": 1_500}
            reply = {**reply, "model": body["model"], "usage": usage}
        return status, reply


@pytest.mark.parametrize(("name", "yuan"), [("qianfan", 3 * 0.0024), ("local", 0.0)])
def test_a_table_and_the_usage_name_the_cost_where_prices_are_in_yuan(name, yuan):
    service = Priced()
    price = {"prompt": "0.0008", "completion": "0.0032"}
    service.listed = {"data": [{"id": "ernie-4.5-turbo-128k", "type": "chat", "pricing": price}]}
    settings = ErnieSettings(service=name, base_url=f"{service.url}/v1", api_key="k", language="en")
    with Session(settings) as session:
        stream = session.begin_map("{{text}}", ["a", "b", "c"])
        progress = [each.progress for batch in stream.iter_batches() for each in batch]
        mapped = stream.result()
        assert mapped.yuan == pytest.approx(yuan)
        last = [each for each in progress if each][-1]
        assert (last.done, last.tokens) == (3, 4_500)
        assert last.yuan == pytest.approx(yuan)
        shown = repr(commands.run_command(session, "usage")) + tables.summary_line(mapped, "en")
        assert shown.count("¥0.0072") == (3 if yuan else 0)
    service.stop()


@pytest.mark.parametrize("word", ["vision", "视觉", "看图", "多模态", "thinking", "思考"])
def test_models_are_found_by_what_they_can_do(run, word):
    rows = run(f"%ernie models {word}")[0].result.rows
    assert rows
    ability = "vision" if word not in ("thinking", "思考") else "reasoning"
    assert all(ability in " ".join(row) for row in rows)


def test_a_word_that_resembles_an_ability_is_told(run):
    assert "did you mean vision?" in repr(run("%ernie models visoin")[0].result)
