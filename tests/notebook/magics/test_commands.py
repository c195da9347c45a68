"""`%ernie WORD`, in both languages."""

import warnings

import pytest

from ernie_magic.config.services import SERVICES
from ernie_magic.notebook.magics.commands import COMMANDS, describe_commands, list_magics
from ernie_magic.notebook.magics.help_texts import describe_magic
from ernie_magic.text.language import LANGUAGES, system_language


def value(run, code):
    result, _ = run(code)
    assert result.success, result.error_in_exec
    return result.result


def test_models_is_the_live_list_with_what_the_catalogue_knows(run):
    table = value(run, "%ernie models")
    rows = {row[0]: row for row in table.rows}
    assert rows["ernie-3.5-8k"][1:5] == ["chat", "5,120", "2,048", "tools"]
    assert "retired upstream since 2026-06-30" in rows["ernie-3.5-8k"][5]
    assert rows["Stable-Diffusion-XL"][1] == "image"
    assert rows["embedding-v1"][1] == "embedding"


def test_models_stand_in_the_order_of_the_panel_and_retired_ones_are_folded(run):
    table = value(run, "%ernie models")
    assert list(table.headers) == [
        "model",
        "type",
        "max input",
        "max output",
        "abilities",
        "notes",
    ]
    assert [row[0] for row in table.rows[:2]] == ["ernie-4.5-turbo-128k", "ernie-5.0"]
    assert [row[0] for row in table.rows if row[5] == "default"] == [
        "ernie-4.5-turbo-128k",
        "Stable-Diffusion-XL",
        "embedding-v1",
        "bce-reranker-base",
    ]
    assert list(table.headings.values())[:3] == [
        "chat · Recommended",
        "chat · Sees pictures",
        "chat · Thinking",
    ]
    are_retired = ["retired" in row[5] for row in table.rows]
    assert are_retired == [False] * (len(table) - table.folded) + [True] * table.folded
    page = table._repr_html_()
    shown, _, folded = page.partition("<details>")
    assert "ernie-3.5-8k<" not in shown
    assert "ernie-3.5-8k<" in folded
    assert '<td style="text-align:right;white-space:pre-wrap">125,952</td>' in shown


def test_models_can_be_filtered(run):
    assert {row[0] for row in value(run, "%ernie models speed").rows} == {
        "ernie-speed-8k",
        "ernie-speed-128k",
        "ernie-speed-pro-128k",
    }


def test_history_is_a_table_and_n_takes_the_last(run):
    assert value(run, "%ernie history").note == "conversation main: no turns yet; ask with %%ernie"
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
    assert "main: 1 turn forgotten" in out
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


def test_openai_is_another_name_of_a_compatible_server(run, ernie):
    run("%ernie use openai")
    assert ernie.settings.service == "local"


def test_use_alone_lists_services_models_and_endpoints_and_marks_what_is_in_use(run, ernie):
    ernie.settings.service = "aistudio"
    ernie.settings.image_endpoint = "my_pictures"
    table = value(run, "%ernie use")
    rows = {row[1]: row for row in table.rows}
    assert list(rows) == [
        *SERVICES,
        *("model", "image_model", "embedding_model"),
        *("endpoint", "image_endpoint", "embedding_endpoint"),
    ]
    assert [name for name, row in rows.items() if row[0]] == ["aistudio"]
    assert rows["aistudio"][2] == "AI Studio · key set (AI_STUDIO_API_KEY)"
    assert rows["qianfan"][2] == "Baidu Qianfan V2 · no key (QIANFAN_API_KEY)"
    assert rows["emulator"][3] == "%ernie use emulator"
    assert rows["image_endpoint"][2] == "my_pictures"
    assert ernie.settings.service == "aistudio"


def test_config_and_help_tell_one_range_and_one_pair_of_words(run, shell, ernie):
    ernie.settings.model = "ernie-4.5-turbo-128k"
    table = value(run, "%ernie config")
    values = {row[0]: row[1:3] for row in table.rows}
    assert values["max_completion_tokens"][1] == "[2, 12288]"
    assert "--max-output-tokens [2, 12288]" in describe_magic("%%ernie", ernie)
    assert values["stream"] == ["on", "on | off"]
    assert run("%ernie config enable_thinking off")[1] == "enable_thinking = off\n"
    ernie.settings.stop = ["a"]
    assert value(run, "%ernie config stop").rows[0][1] == '["a"]'
    assert run("%ernie config stream off")[1] == "stream = off\n"
    assert not {"True", "False"} & {word for pair in values.values() for word in pair}


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
    for asked in ("%ernie", "%ernie help", "%ernie --help", "%ernie -h"):
        assert value(run, asked).headers == ["写法", "作用", "例子"]


def test_errors_of_results_speak_the_chosen_language_too(run, ernie, emulator):
    answer = ernie.chat("[[echo]]hi")
    run("%ernie lang zh")
    with pytest.raises(AttributeError, match="没有"):
        _ = answer.nosuch
    run("%ernie lang en")
    with pytest.raises(AttributeError, match="no "):
        _ = answer.nosuch
    ernie.settings.language = ""
    assert system_language() == "en"  # the locale's


def test_config_never_shows_a_key(run, ernie):
    rows = {row[0]: row[1] for row in value(run, "%ernie config").rows}
    assert rows["api_key"] == "set (environment AI_STUDIO_API_KEY)"
    ernie.settings.api_key = "canary-0123456789"
    _, out = run("%ernie config")
    assert "canary" not in out
    _, out = run("%config ErnieSettings")
    assert "canary" not in out


def test_a_model_that_the_live_list_does_not_have_is_told_and_kept(run, ernie):
    _, out = run("%ernie config model ernie-9")
    assert out == "model = ernie-9\n"  # the list is not known yet
    ernie.models()
    _, out = run("%ernie config model ernie-9")
    assert "ernie-9 is not on the service's list" in out
    assert ernie.settings.model == "ernie-9"
    assert run("%ernie config model ERNIE-5.0")[1] == "model = ERNIE-5.0\n"
    assert run("%ernie config temperature 0.5")[1] == "temperature = 0.5\n"


def test_ernie_alone_is_the_map_of_the_product(run, shell):
    table = value(run, "%ernie")
    magics = shell.magics_manager.magics
    ours = {f"%%{name}" for name in magics["cell"] if name.startswith("ernie")}
    ours |= {f"%{name}" for name in magics["line"] if name.startswith("ernie")}
    listed = [row[0] for row in table.rows]
    assert {name.split()[0] for name in listed} == ours
    assert {name.split()[1] for name in listed if " " in name} == set(COMMANDS)
    assert list(table.headings.values()) == [
        "Ask",
        "Pictures",
        "Vectors",
        "Tables",
        "Panels",
        "Prompt templates",
        "Qianfan's platform",
        "Conversations and usage",
        "Service and settings",
    ]
    assert all(row[2].startswith(row[0]) for row in table.rows)  # an example each


@pytest.mark.parametrize("word", sorted(COMMANDS.keys() - {"panel", "datasets"}))  # own tests
@pytest.mark.usefixtures("platform")
def test_the_example_of_each_command_works(run, word):
    for language in ("zh", "en"):
        result, _ = run(COMMANDS[word].example.say(language))
        assert result.success, result.error_in_exec


def test_limits_are_shown_and_forgotten(run, ernie):
    ernie.chat("[[echo]]hi")
    assert value(run, "%ernie limits").rows[0][2].endswith("/ 3,000")
    ernie.chat("[[echo]]hi", model="ERNIE-4.0-8K")
    assert value(run, "%ernie limits").rows[1][1] == "ernie-4.0-8k"
    _, out = run("%ernie limits reset")
    assert "rate limits forgotten: 2" in out
    assert value(run, "%ernie limits").rows == []
    result, _ = run("%ernie limits rest")
    assert "%ernie limits reset" in str(result.error_in_exec)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_map_of_the_product_names_every_command_with_an_example(language):
    rows = list_magics(language).rows
    assert all(all(row) for row in rows)
    assert set(COMMANDS) <= {row[0].removeprefix("%ernie ") for row in rows}
    text = describe_commands(language)
    assert not [word for word in COMMANDS if f"    %ernie {word}  " not in text]


def test_services_are_listed_shown_and_used(run, ernie):
    run("%ernie use emulator")
    table = value(run, "%ernie services")
    assert table.headers == ["service", "state", "type", "base model", "endpoint", "address"]
    assert table.note.startswith("0 services of your own")
    assert table.headings == {0: "preset by the platform"}
    ernie.services.deploy("hello", "amv-any", model_set_id="am-any", confirm=True)
    result, _ = run("%ernie use endpoint hello")
    assert "hello cannot be called yet: New" in str(result.error_in_exec)
    ernie.services.watch("hello")
    table = value(run, "%ernie services")
    assert table.note.startswith("1 service of your own")
    assert "emulator" in table.note
    assert table.rows[0][:4] == ["hello", "Serving", "chat", "ernie-speed-8k"]
    assert table.folded == len(table.rows) - 1
    details = dict(value(run, "%ernie services hello").rows)
    assert details["state"] == "Serving"
    _, out = run("%ernie use endpoint hello")
    assert f"now using your own service hello ({details['endpoint']}, based on ernie" in out
    assert ernie.settings.endpoint == details["endpoint"]
    run("%%ernie --as answer\n[[echo]]hi")
    assert ernie.last.text == "hi"
    assert value(run, "ernie.services.list()")[0].name == "hello"
    result, _ = run("%ernie services helo")
    assert "there is no service helo" in str(result.error_in_exec)


@pytest.mark.usefixtures("platform")
def test_models_of_one_s_own_are_listed(run, ernie):
    made = ernie.wire.call("model", "CreateCustomModelSet", {"modelSetName": "listed"})
    body = {**made["result"], "sourceType": "Train", "trainMeta": {}}
    model_id = ernie.wire.call("model", "CreateCustomModel", body)["result"]["modelId"]
    table = value(run, "%ernie models --mine")
    assert ["listed", "Creating", "Train", "ernie-speed-8k", model_id, ""] in table.rows
    assert table.note.startswith("1 version of your own models")


@pytest.mark.parametrize("words", ["endpoint", "qianfan now", "endpoint a b"])
def test_a_wrong_use_is_told(run, words):
    result, _ = run(f"%ernie use {words}")
    assert "usage: %ernie use" in str(result.error_in_exec) or "does not know" in str(
        result.error_in_exec
    )


def test_using_a_conversation_as_a_service_tells_how_it_is_asked(run, ernie):
    ernie["tutor"]
    result, _ = run("%ernie use tutor")
    assert "tutor is a conversation: ask with %%ernie -s tutor" in str(result.error_in_exec)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("system # 角色：数学老师", "system = # 角色：数学老师"),
        ("system 你是谁?请用中文", "system = 你是谁?请用中文"),
        ("system Use C# and F#", "system = Use C# and F#"),
        ("system see http://a:pw@x.cn/b?c=d now", "system = see http://•••@x.cn/b?c=d now"),
        ("stop ###", 'stop = ["###"]'),
        ("user a#b", "user = a#b"),
        ("image_model a?b", "image_model = a?b"),
    ],
)
def test_a_setting_that_is_no_address_is_shown_whole(run, words, shown):
    assert run(f"%ernie config {words}")[1].startswith(f"{shown}\n")


SYSTEMS = {
    'Answer with "yes" or "no"': 'Answer with "yes" or "no"',
    "two  blanks": "two  blanks",
    '"one pair"': "one pair",
    "“a pair”": "a pair",
    "'quoted' text": "'quoted' text",
    r"say \"hi\"": r"say \"hi\"",
    'half a "pair': 'half a "pair',
    "You are {{role}}": "You are 老师",
    "You are {{role}} --verbatim": "You are {{role}}",
    "What is {{role}}?": "What is 老师?",
    "Who are you?": "Who are you?",
}


@pytest.mark.parametrize("written", SYSTEMS)
def test_a_setting_is_the_rest_of_the_line_as_it_is_written(run, shell, ernie, written):
    shell.user_ns["role"] = "老师"
    assert run(f"%ernie config system {written}")[1] == f"system = {SYSTEMS[written]}\n"
    assert ernie.settings.system == SYSTEMS[written]
    for sign in ("=", " = "):
        ernie.settings.system = ""
        assert run(f"%ernie config system{sign}{written}")[0].success
        assert ernie.settings.system == SYSTEMS[written]


def test_a_mark_at_a_line_s_end_still_asks_for_help(run):
    assert "%ernie models" in run("%ernie?")[1]
    assert run("text = '''\n%ernie config system a?\n'''")[0].success


@pytest.mark.parametrize(
    ("line", "advised"),
    [
        ("%ernie image a cat", "use %%ernie_image, with the prompt on the next line"),
        ("%ernie Tell me about Beijing", "to ask something use %%ernie"),
        ("%ernie 面板", "did you mean panel?"),
        ("%ernie 你好", "to ask something use %%ernie"),
        ("%ernie hlep", "did you mean help?"),
        ("%ernie dokter", "did you mean doctor?"),
        ("%ernie clear", "did you mean reset?"),
        ("%ernie settings", "did you mean config?"),
        ("%ernie 清空", "did you mean reset?"),
        ("%ernie 历史", "did you mean history?"),
        ("%ernie 诊断", "did you mean doctor?"),
        ("%ernie ask something", "use %%ernie, with the prompt on the next line"),
        ("%ernie search v tasty", "use %ernie_search"),
        ("%ernie regenerate", "use ernie.conversation.regenerate()"),
        ("%ernie fork 2", "use ernie.conversation.fork()"),
        ("%ernie delete tutor", 'use del ernie["tutor"]'),
        ("%ernie undo", "use ernie.history.pop()"),
        ("%ernie rename x", 'rename("maths")'),
        ("%ernie_image 再画 cats[0]", "did you mean redo?"),
        ("%ernie_image edit cats[0]", "did you mean vary?"),
        ("%ernie usage reset", "usage is counted for as long as the session lasts"),
        ("%ernie doctor now", "write %ernie doctor"),
        ("%ernie history -n x", "for example %ernie history -n 3"),
        ("%%ernie --json\nhi", "did you mean --response-format json_object?"),
        ("%%ernie --schema x\nhi", "did you mean --response-format?"),
        ("%%ernie_map ['a'] --schema x\n{{text}}", "did you mean --to?"),
        ("%%ernie --output x\nhi", "did you mean --as?"),
        ("%%ernie_image --output x\nhi", "did you mean --save?"),
        ("%%ernie_image --count 2\nhi", "did you mean -n?"),
        ("%%ernie_image --style 动漫\nhi", "did you mean Anime?"),
        ("%%ernie_image --style 像素风\nhi", "did you mean Pixel Art?"),
        (
            "%ernie config temperature high",
            "for example %ernie config temperature 0.95; %ernie config temperature default unsets",
        ),
        ("%%ernie --stream\nhi", "answers stream already; --no-stream"),
        ("%%ernie --温度 0.3\nhi", "did you mean --temperature?"),
        ("ernie.chat('hi', 温度=0.3)", "did you mean temperature?"),
        ("ernie.chat('hi', 联网搜索=True)", "did you mean web_search?"),
        ("ernie.image('hi', 尺寸='a')", "did you mean size?"),
        ("%%ernie --as print\nhi", "has one of that name: use another, such as print_"),
        ("%%ernie --as 1st\nhi", "use letters, digits and _, not a digit first"),
    ],
)
def test_a_common_mistake_is_told_with_what_to_do(run, line, advised):
    result, _ = run(line)
    assert advised in str(result.error_in_exec)


@pytest.mark.parametrize("word", ["帮助", "help", "HELP", "?", "用法"])
def test_help_lists_what_there_is(run, word):
    assert run(f"%ernie {word}")[1] == run("%ernie")[1] != ""


@pytest.mark.parametrize("value", ["hello", '"hello"', "  hello  "])
def test_verbatim_is_no_part_of_a_setting(run, ernie, value):
    assert run(f"%ernie config system {value} --verbatim")[0].success
    assert ernie.settings.system == "hello"
    run(f"%ernie config system=--verbatim {value}")
    assert ernie.settings.system == "hello"
    result, _ = run("%ernie config system Speak {{tone")
    assert "{{tone is not closed by }}" in str(result.error_in_exec)


@pytest.mark.parametrize(
    ("line", "setting", "is_now"),
    [
        ("%ernie use 千帆", "service", "qianfan"),
        ("%ernie use 模拟器", "service", "emulator"),
        ("%ernie lang 中文", "language", "zh"),
        ("%ernie lang English", "language", "en"),
    ],
)
def test_services_and_languages_have_chinese_names(run, ernie, line, setting, is_now):
    result, _ = run(line)
    assert result.success
    assert getattr(ernie.settings, setting) == is_now


def test_ranges_are_those_of_the_service_in_use(run, ernie, emulator):
    documented = {row[0]: row for row in value(run, "%ernie config").rows}
    assert documented["temperature"][2] == "(0.0, 1.0]"
    assert "0.7" in documented["top_p"][1]
    ernie.use("local")
    ernie.settings.base_url = emulator.base_url
    elsewhere = {row[0]: row for row in value(run, "%ernie config").rows}
    assert (elsewhere["temperature"][2], elsewhere["top_p"][1]) == ("", "(not set)")
    assert elsewhere["in_flight"][2] == "[1, 64]"  # our own, whatever the service
    for line in ("%ernie config temperature hot", "%%ernie --temperature hot\nhi"):
        result, _ = run(line)
        said = str(result.error_in_exec)
        assert said.startswith("temperature 'hot' is not a number. What to do: for example")
    assert "--temperature   " in describe_magic("%%ernie", ernie)
    assert "--temperature (0.0, 1.0]" in describe_magic("%%ernie")


@pytest.mark.parametrize(
    ("word", "tab"),
    [("图片", "image"), ("聊天", "chat"), ("vectors", "embed"), ("对比", "compare")],
)
def test_another_word_for_a_tab_of_the_panel_is_told(run, word, tab):
    _, out = run(f"%ernie panel {word}")
    assert f"the panel has no '{word}'. What to do: did you mean {tab}?" in out


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("search", "%ernie_search"),
        ("搜索", "%ernie_search"),
        ("image", "%%ernie_image"),
        ("画图", "%%ernie_image"),
        ("chat", "%%ernie"),
        ("cost", "%ernie usage"),
        ("%%ernie_map", "%%ernie_map"),
        ("rate limits", "%ernie limits"),
    ],
)
def test_help_about_a_word_shows_what_has_to_do_with_it(run, word, named):
    for asked in ("help", "帮助"):
        table = run(f"%ernie {asked} {word}")[0].result
        names = [row[0] for row in table.rows]
        assert named in names
        assert len(names) < 8


def test_help_about_a_word_that_is_none_of_them_says_so(run):
    result, _ = run("%ernie help xyzzy")
    assert "no command has to do with 'xyzzy'" in str(result.error_in_exec)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("save lesson", 'use ernie["lesson"].save("lesson.json")'),
        ("保存 lesson", 'use ernie["lesson"].save("lesson.json")'),
        ("save my.json", 'use ernie.conversation.save("my.json")'),
        ("save", 'use ernie.conversation.save("chat.json")'),
        ("load lesson.json", 'use ernie.load_conversation("lesson.json")'),
        ("fork lesson", 'use ernie["lesson"].fork()'),
        ("rename lesson", 'use ernie["lesson"].rename("maths")'),
        ("delete lesson", 'use del ernie["lesson"]'),
        ("switch lesson", 'ask with %%ernie -s lesson or ernie["lesson"].chat(…)'),
        ("switch qianfan", "did you mean use?"),
        ("undo lesson", 'use ernie["lesson"].history.pop()'),
    ],
)
def test_advice_about_a_conversation_or_a_file_names_the_one_asked_for(run, ernie, line, told):
    assert ernie["lesson"].name == "lesson"
    result, _ = run(f"%ernie {line}")
    assert told in str(result.error_in_exec)


@pytest.mark.parametrize("word", ["save", "fork", "load", "rename"])
def test_help_names_what_conversations_can_do(run, word):
    table = run(f"%ernie help {word}")[0].result
    assert "%ernie history" in [row[0] for row in table.rows]
