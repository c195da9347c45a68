"""Vectors and tables as a person sees them, in a real JupyterLab."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TEXTS = [
    "推荐一些美食",
    "北京烤鸭很好吃",
    "给我讲个故事",
    "讲一个睡前故事",
    "明天北京天气怎么样",
    "今天天气很好",
]


def test_a_heat_map_and_a_plane_with_chinese_labels(open_notebook, page):
    nb = open_notebook(
        [
            "%load_ext ernie_magic",
            "%%ernie_embed --as v\n" + "\n".join(TEXTS),
            "%ernie_heat v",
            "%ernie_map2d v",
            "%ernie_search v 好吃的美食 -k 2",
        ]
    )
    nb.run_all()
    heat = nb.output(2).locator("table")
    expect(heat.locator("tbody th")).to_have_text(
        [f"{i}. {text}" for i, text in enumerate(TEXTS, start=1)]
    )
    assert all(
        box["width"] > 20
        for box in (label.bounding_box() for label in heat.locator("tbody th").all())
    )
    cell = heat.locator("tbody tr").nth(0).locator("td").nth(1)
    assert "1 × 2: " in cell.get_attribute("title")
    assert heat.locator("tbody td").count() == 36
    for text in TEXTS:  # our own SVG, or plotly's if that is installed
        label = nb.output(3).locator("svg text").filter(has_text=text).first
        expect(label).to_be_visible()
        assert label.bounding_box()["width"] > 20
    expect(nb.output(4).locator("tbody tr")).to_have_count(2)
    nb.picture("vectors")
    # Saved and viewed without a kernel: both are HTML, with plain text beside it.
    saved = nb.save()
    for index in (2, 3):
        assert "推荐一些美食" in saved.cells[index].outputs[0].data["text/plain"]
        assert "推荐一些美食" in saved.cells[index].outputs[0].data["text/html"]


def test_the_heads_of_a_large_heat_map_stay_in_view_and_some_of_many_points_have_names(
    open_notebook, page
):
    nb = open_notebook(
        [
            "%load_ext ernie_magic",
            "texts = [f'The sentence number {i}' for i in range(70)]",
            "%ernie_heat texts",
            "%ernie_map2d texts",
        ]
    )
    nb.run_all()
    heat = nb.output(2).locator(".ernie-heat")
    expect(heat.locator("tbody tr")).to_have_count(60)
    column, row = heat.locator("thead th").nth(55), heat.locator("tbody th").nth(55)
    top = heat.locator("thead th").first.bounding_box()
    left = heat.locator("tbody th").first.bounding_box()
    heat.evaluate("table => table.scrollTo(table.scrollWidth, table.scrollHeight)")
    expect(column).to_be_in_viewport()
    expect(row).to_be_in_viewport()
    assert column.bounding_box()["y"] == pytest.approx(top["y"], abs=3)
    assert row.bounding_box()["x"] == pytest.approx(left["x"], abs=3)
    assert heat.bounding_box()["height"] < page.viewport_size["height"]
    behind = row.evaluate("head => getComputedStyle(head).backgroundColor")
    assert behind not in ("transparent", "rgba(0, 0, 0, 0)")  # numbers pass below it
    nb.picture("large-heat-map")
    plane = nb.output(3)
    assert 5 < plane.locator("svg text").count() <= 24
    expect(plane).to_contain_text("指着一个点就显示它的文本")
    nb.picture("many-points")


def test_a_table_is_asked_about_row_by_row(open_notebook, page):
    nb = open_notebook(
        [
            (
                "%load_ext ernie_magic\nimport pandas as pd\ndf = pd.DataFrame({'评论': ['好吃', "
                "'难吃', '一般']})"
            ),
            '%%ernie_map df --to "情感, 分数:int" --as out\n判断情感，打 1 到 5 分：{{评论}}',
            "out",
            "many = [str(i) for i in range(99)]",
            "%%ernie_map many\n{{text}}",
        ]
    )
    nb.run_all()
    expect(nb.output(1).locator("tbody tr")).to_have_count(3)
    expect(nb.output(1)).to_contain_text("3 行")
    expect(nb.output(2)).to_contain_text("情感")
    expect(nb.output(4)).to_contain_text("加 --yes 全部运行")
    nb.picture("table")
