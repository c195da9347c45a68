"""`%ernie WORD`, in both languages."""

import warnings

import pytest


def value(run, code):
    result, _ = run(code)
    assert result.success, result.error_in_exec
    return result.result


def test_models_is_the_live_list_with_what_the_catalogue_knows(run):
    table = value(run, "%ernie models")
    rows = {row[0]: row for row in table.rows}
    assert rows["ernie-3.5-8k"][1:3] == ["chat", "5,120"]
    assert "retired upstream since 2026-06-30" in rows["ernie-3.5-8k"][4]
    assert rows["Stable-Diffusion-XL"][1] == "image"
    assert rows["embedding-v1"][1] == "embedding"


def test_models_can_be_filtered(run):
    assert {row[0] for row in value(run, "%ernie models speed").rows} == {
        "ernie-speed-8k",
        "ernie-speed-128k",
        "ernie-speed-pro-128k",
    }


def test_history_is_a_table_and_n_takes_the_last(run):
    for word in ("one", "two", "three"):
        run(f"%%ernie\n[[echo]]{word}")
    assert [row[3] for row in value(run, "%ernie history").rows] == ["one", "two", "three"]
    assert [(row[0], row[3]) for row in value(run, "%ernie history -n 2").rows] == [
        ("2", "two"),
        ("3", "three"),
    ]


@pytest.mark.parametrize("words", ["-n", "-n 0", "-n x", "-x 3", "three"])
def test_history_tells_wrong_arguments_in_one_line(run, words):
    result, _ = run(f"%ernie history {words}")
    assert type(result.error_in_exec).__name__ == "InvalidOption"


def test_usage_adds_up_by_model(run, ernie):
    run("%%ernie -m ernie-3.5-8k\nhi")
    run("%%ernie -m ernie-3.5-8k\nhi")
    (row,) = value(run, "%ernie usage").rows
    assert row[:3] == ["aistudio", "ernie-3.5-8k", "2"]
    assert int(row[5]) == sum(turn.answer.usage.total_tokens for turn in ernie.history)


def test_reset_forgets_the_turns_of_one_conversation(run, ernie):
    run("%%ernie\nhi")
    run("%%ernie -s tutor\nhi")
    _, out = run("%ernie reset")
    assert "1 turns forgotten" in out
    assert (len(ernie.history), len(ernie["tutor"].history)) == (0, 1)
    run("%ernie reset tutor")
    assert len(ernie["tutor"].history) == 0


@pytest.mark.parametrize("command", ["reset tutro", "history -s tutro"])
def test_a_misspelled_conversation_is_told_and_not_made(run, ernie, command):
    run("%%ernie -s tutor\nhi")
    result, _ = run(f"%ernie {command}")
    assert "choices: " in str(result.error_in_exec)
    assert "tutro" not in ernie.conversations


def test_use_chooses_the_service_and_config_shows_it(run, ernie):
    run("%ernie use emulator")
    assert ernie.settings.service == "emulator"
    assert value(run, "%ernie config service").rows[0][1] == "emulator"


def test_what_the_emulator_ignores_is_told(run, ernie):
    run("%ernie use emulator")
    _, out = run("%ernie config base_url http://127.0.0.1:9/v1")
    assert "the emulator is in use and ignores base_url: first %ernie use local" in out
    with pytest.warns(UserWarning, match="ignores api_key"):
        ernie.settings.api_key = "canary-of-an-unused-key"
    _, out = run("%ernie config base_url default")
    assert "ignores" not in out
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ernie.settings.temperature = 0.5


def test_lang_changes_what_is_said(run, ernie):
    _, out = run("%ernie lang zh")
    assert out == "界面语言：中文\n"
    result, _ = run("%ernie histroy")
    assert "没有命令" in str(result.error_in_exec)
    assert value(run, "%ernie").headers == ["命令", "作用"]


def test_config_never_shows_a_key(run, ernie):
    rows = {row[0]: row[1] for row in value(run, "%ernie config").rows}
    assert rows["api_key"] == "set (environment AI_STUDIO_API_KEY)"
    ernie.settings.api_key = "canary-0123456789"
    _, out = run("%ernie config")
    assert "canary" not in out
    _, out = run("%config ErnieSettings")
    assert "canary" not in out


def test_ernie_alone_lists_the_commands(run):
    assert [row[0] for row in value(run, "%ernie").rows] == [
        f"%ernie {word}"
        for word in (
            "models",
            "history",
            "usage",
            "limits",
            "reset",
            "use",
            "config",
            "lang",
            "panel",
            "doctor",
        )
    ]


def test_limits_are_shown_and_forgotten(run, ernie):
    ernie.chat("[[echo]]hi")
    assert value(run, "%ernie limits").rows[0][2].endswith("/ 3,000")
    _, out = run("%ernie limits reset")
    assert "rate limits forgotten: 1" in out
    assert value(run, "%ernie limits").rows == []
    result, _ = run("%ernie limits rest")
    assert "%ernie limits reset" in str(result.error_in_exec)
