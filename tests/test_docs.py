"""README, the reference, CI and the package say the same thing."""

import importlib.util
import itertools
import re
from pathlib import Path

import pytest

from ernie_magic.config import certificates, services
from ernie_magic.notebook.magics import commands
from ernie_magic.notebook.magics.chat import CHAT_GRAMMAR
from ernie_magic.notebook.magics.embeddings import EMBED_GRAMMAR
from ernie_magic.notebook.magics.images import IMAGE_COMMANDS, IMAGE_GRAMMAR
from ernie_magic.notebook.magics.tables import MAP_GRAMMAR
from ernie_magic.session import Session
from tests.tools import reference

SYSTEM_VARIABLES = ("ERNIE_EMULATOR_LATENCY", "HTTPS_PROXY", "NO_PROXY", "LC_ALL", "LANG")
ROOT = Path(__file__).parents[1]
PAGES = [path for _, path in reference.pages()]


def read(path):
    return path.read_text(encoding="utf-8")


README, README_ZH = (read(reference.READMES[language]) for language in ("en", "zh"))
REFERENCE = {
    language: "".join(map(read, sorted(folder.glob("*.md"))))
    for language, folder in reference.FOLDERS.items()
}


def code_blocks(page):
    return re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL)


def shell_lines(page):
    return [
        line for kind, block in code_blocks(page) if kind == "sh" for line in block.splitlines()
    ]


@pytest.mark.parametrize("page", [README, README_ZH], ids=["en", "zh"])
def test_the_two_lines_are_there_and_end_as_they_should(page):
    lines = [line for line in shell_lines(page) if line.startswith("python3 -m venv")]
    assert [line.split("&& ")[-1] for line in lines] == ["ernie-magic demo", "pytest"]


def test_ci_does_what_the_test_line_does():
    ci = read(ROOT / ".ci" / "run")
    assert '-e ".[dev]"' in ci
    assert 'python -m pytest "$@"' in ci
    assert ci.rstrip().endswith("\nrun_tests")


# --- the two README files -------------------------------------------------------------------------


def without_words(blocks):
    """Code without what is translated: quoted words, and the prompt below a magic's line."""
    for kind, block in blocks:
        lines = block.splitlines()
        if lines[0].startswith("%%"):
            placeholders = re.findall(r"\{\{\w+\}\}", "".join(lines[1:]))
            lines = [lines[0], *(["the prompt"] * (len(lines) - 1)), *placeholders]
        yield kind, [re.sub(r'"[^"]*[^\x00-\x7f.\[\]]*"', '"…"', line) for line in lines]


def test_both_readme_files_hold_the_same_code():
    english, chinese = (list(without_words(code_blocks(page))) for page in (README, README_ZH))
    assert english == chinese
    assert len(english) >= 8


def test_both_readme_files_hold_the_same_pictures_tables_and_links():
    def skeleton(page):
        headings = [len(found) for found in re.findall(r"^(#+) ", page, re.MULTILINE)]
        links = re.findall(r"\]\(([^)#]*)", page.split("\n", 1)[1])
        rows = page.count("\n|")
        return headings, [link.replace("zh-CN/", "en/") for link in links], rows

    english, chinese = skeleton(README), skeleton(README_ZH)
    assert english == chinese


@pytest.mark.parametrize("page", [README, README_ZH], ids=["en", "zh"])
def test_a_readme_is_short_and_its_first_line_leads_to_the_other(page):
    assert len(page.splitlines()) <= 150
    switch = page.splitlines()[0]
    assert ("README.md" in switch) != ("README.zh-CN.md" in switch)
    assert "English" in switch
    assert "中文" in switch


def test_what_readme_shows_is_there_and_small():
    pictures = [ROOT / link for link in re.findall(r"!\[.*?\]\((.*?)\)", README + README_ZH)]
    assert len(pictures) >= 20
    for picture in pictures:
        assert picture.is_file(), picture
        assert picture.stat().st_size <= 1_500_000, picture


# --- links ----------------------------------------------------------------------------------------


def anchors(page):
    """A page's headings as GitHub makes addresses of them."""
    headings = re.findall(r"^#+ (.*)", read(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-") for words in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)\s]*)\)", read(page))
    assert links
    for link in links:
        target, _, anchor = link.partition("#")
        path = page.parent / target
        assert path.is_file(), link
        assert not anchor or anchor in anchors(path), link


# --- the reference --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "page"),
    list(reference.pages()),
    ids=lambda value: value if isinstance(value, str) else f"{value.parent.name}/{value.name}",
)
def test_the_tables_of_a_page_are_current(language, page):
    made = reference.refresh_tables(read(page), language)
    assert made == read(page), "made anew by: python -m tests.tools.reference"


def test_every_table_is_on_a_page_in_both_languages():
    for language, text in REFERENCE.items():
        on_pages = re.findall(r"<!-- table: ([\w-]+) -->", text + read(reference.READMES[language]))
        assert sorted(on_pages) == sorted(reference.TABLES)


def test_both_languages_have_the_same_pages_with_the_same_parts():
    def parts(page):
        text = read(page)
        headings = [len(found) for found in re.findall(r"^(#+) ", text, re.MULTILINE)]
        return headings, re.findall(r"<!-- table: .*", text), len(code_blocks(text))

    english, chinese = (
        {page.name: parts(page) for page in folder.glob("*.md")}
        for folder in reference.FOLDERS.values()
    )
    assert english == chinese


@pytest.mark.parametrize("language", reference.FOLDERS)
def test_every_option_and_command_is_in_the_reference(language):
    text = REFERENCE[language]
    for grammar in (CHAT_GRAMMAR, IMAGE_GRAMMAR, EMBED_GRAMMAR, MAP_GRAMMAR):
        for flag in grammar.all_flags():
            assert re.search(rf"[`\s]{flag}[`\s]", text), flag
    for word in commands.COMMANDS:
        assert f"`%ernie {word}`" in text, word
    for word in IMAGE_COMMANDS:
        assert f"`%ernie_image {word}`" in text, word


@pytest.mark.parametrize("language", reference.FOLDERS)
def test_every_public_name_of_the_session_is_on_the_page_of_python(language):
    page = read(reference.FOLDERS[language] / "python.md")
    with Session() as session:
        names = {*dir(session), *dir(session["tutor"])}
    twins = {f"a{name}" for name in names}
    told = {
        name
        for name in names - twins
        if not name.startswith(("_", "begin_")) and not re.search(rf"\b{name}\b", page)
    }
    assert told == set()


@pytest.mark.parametrize("language", reference.FOLDERS)
def test_every_environment_variable_is_on_the_page_of_services(language):
    page = read(reference.FOLDERS[language] / "services.md")
    names = {certificates.FILE, certificates.FOLDER, certificates.KEY_LOG}
    names |= {services.APP_ID_VARIABLE, services.IAM_URL_VARIABLE, *SYSTEM_VARIABLES}
    for service in services.SERVICES.values():
        names |= {*service.key_variables, *itertools.chain(*service.pair_variables)}
        names |= {service.base_url_variable} - {""}
    assert {name for name in names if f"`{name}`" not in page} == set()


def test_the_commands_of_readme_and_reference_exist():
    lines = {line for page in PAGES for line in shell_lines(read(page))}
    for module in (found for line in lines for found in re.findall(r"python -m ([\w.]+)", line)):
        assert importlib.util.find_spec(module), module
    assert any(line.endswith("&& ernie-magic demo") for line in lines)
    pyproject = read(ROOT / "pyproject.toml")
    for extra in (found for line in lines for found in re.findall(r"\[(\w+)\]", line)):
        assert re.search(rf"^{extra} = \[", pyproject, re.MULTILINE), extra
    for marker in re.findall(r"-m \"?(?:not )?(\w+)\"?$", "\n".join(sorted(lines)), re.MULTILINE):
        assert f'"{marker}: ' in pyproject, marker


def test_a_table_of_the_reference_says_what_the_parameter_table_says():
    everyday = reference.TABLES["chat-everyday"]("en")
    assert "| `--temperature` | 0–1 (not 0) | 0.95 |" in everyday
    assert "| `ernie-5.0` |" in reference.TABLES["models-chat"]("zh")
    assert "`AI_STUDIO_API_KEY`" in reference.TABLES["services"]("en")


def test_retired_models_come_last_in_the_table_of_models():
    rows = reference.TABLES["models-chat"]("en").splitlines()[2:]
    retired = [row.split(" | ")[-1].strip(" |") != "" for row in rows]
    assert all(earlier <= later for earlier, later in itertools.pairwise(retired))


def test_nothing_of_a_machine_or_a_registry_is_in_the_tree():
    for path in [
        *ROOT.glob("*.*"),
        *ROOT.glob("ernie_magic/**/*.py"),
        *ROOT.glob("notebooks/*.ipynb"),
        *ROOT.glob("notebooks/reference/**/*.md"),
        *ROOT.glob("tests/**/*.py"),
    ]:
        if path.is_file() and path.suffix in (".py", ".md", ".toml", ".ipynb", ".txt"):
            text = read(path)
            assert str(ROOT) + "/" not in text, path
            assert "simple/" + "\n" not in text, path
