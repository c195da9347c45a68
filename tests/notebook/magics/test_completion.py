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
