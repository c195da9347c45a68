"""Tab completes options, models and variables."""

from IPython.core.completer import provisionalcompleter


def test_completion_offers_options_models_and_choices_on_the_first_line_only(shell):
    shell.Completer.use_jedi = False

    def offered(text):
        with provisionalcompleter():
            return {c.text for c in shell.Completer.completions(text, len(text))}

    assert "--temperature" in offered("%%ernie --temp") | {
        f"--{text}" for text in offered("%%ernie --temp")
    }
    assert any(
        "ernie-4.5-turbo-128k".endswith(text) for text in offered("%%ernie -m ernie-4.5-turbo-1")
    )
    assert offered("%ernie do") == {"doctor"}
    assert offered("%ernie use em") == {"emulator"}
    assert not any("temperature" in text for text in offered("%%ernie\n--temp"))


def test_tab_offers_models_in_the_order_of_the_panel_and_of_the_table(shell):
    shell.Completer.use_jedi = False
    line = "%%ernie -m "
    with provisionalcompleter():
        offered = [c.text for c in shell.Completer.completions(line, len(line))]
    assert offered[:3] == ["ernie-4.5-turbo-128k", "ernie-5.0", "ernie-4.5-turbo-32k"]
    assert offered.index("ernie-4.5-turbo-vl") < offered.index("ernie-speed-8k")


def test_tab_completes_options_models_and_pictures(run, shell):
    run("%%ernie_image --as cats\n猫")

    def completed(line):
        with provisionalcompleter():
            return {c.text for c in shell.Completer.completions(line, len(line))}

    assert {"--negative-prompt", "--save"} <= completed("%%ernie_image --")
    assert completed("%%ernie_image -m ERNIE-") == {"ERNIE-Image", "ERNIE-Image-Turbo"}
    assert "ernie-4.0-8k" not in completed("%%ernie_image -m ernie")
    assert completed("%%ernie_image --style Ani") == {"Anime"}
    assert "cats" in completed("%ernie_image redo ca")
    assert completed("%ernie_image re") == {"redo"}
    assert "cats" in completed("%%ernie --image ca")


def test_a_question_mark_shows_each_parameter_and_two_the_source(run, shell):
    run("pass")
    session = shell.user_ns["ernie"]
    shown = shell.inspector.info(session.chat, "ernie.chat", detail_level=0)
    assert "\n    prompt: str | Sequence[Message],\n" in shown["definition"]
    assert "\n    temperature: float | None = None,\n" in shown["definition"]
    assert shown["definition"].endswith(") -> Answer")
    assert "temperature : float in (0.0, 1.0]; 0.95 by default" in shown["docstring"]
    source = shell.inspector.info(session.image, "ernie.image", detail_level=1)["source"]
    assert "def begin_image(" in source


def test_tab_completes_keyword_arguments_and_names_in_the_order_of_use(run, shell):
    run('tutor = ernie["tutor"]')
    shell.Completer.use_jedi = False  # in a kernel: tests/kernel/test_completion.py

    def offered(code):
        with provisionalcompleter():
            return [c.text for c in shell.Completer.completions(code, len(code))]

    for code, expected in {
        'await ernie.achat("x", tem': ["temperature="],
        'ernie.begin_image("x", guid': ["guidance_scale="],
        'tutor.stream("x", max_': ["max_completion_tokens=", "max_tokens="],
        "ernie.redo(tutor, wat": ["watermark="],
    }.items():
        assert offered(code) == expected
    assert offered("ernie.")[:5] == ["chat", "stream", "image", "embed", "map"]
    assert offered("x = 1\ntutor.")[:3] == ["chat", "stream", "history"]
    assert offered("ernie.settings.")[:2] == ["service", "model"]
    assert offered("ernie.settings.temp") == ["temperature"]
    assert offered("ernie.client.")[:1] != ["chat"]
    assert "chat" not in offered("shell.")
    assert offered("%%ernie\nAsk ernie.")[:2] != ["chat", "stream"]


def test_dir_has_no_internals_and_begins_with_what_is_used_most(run, shell):
    run("%%ernie\nhi")
    session = shell.user_ns["ernie"]
    for owner, first, internal in (
        (session, ["chat", "stream", "image"], {"changed", "client", "with_language"}),
        (session["tutor"], ["chat", "stream", "history"], {"ask_with_options", "plan_prompt"}),
        (session.history, ["messages", "clear"], {"append", "changed", "replace"}),
        (session.usage, ["total", "by_model"], {"add"}),
        (session.last, ["text"], set()),
        (session.settings, ["service", "model"], {"assign_text", "trait_names", "observe"}),
    ):
        names = owner.__dir__()
        assert names[: len(first)] == first
        assert not internal & {*names}
        assert all(hasattr(owner, name) for name in (*names, *internal))
        assert len(names) == len({*names})
    assert {"__class__", "__init__"} <= {*dir(session)}
