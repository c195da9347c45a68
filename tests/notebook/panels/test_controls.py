"""Controls are made from the parameter table, and "default" is a state in which nothing is sent."""

import ipywidgets
import pytest

from ernie_magic.api import parameters
from ernie_magic.api.catalogue import CATALOGUE
from ernie_magic.api.parameter import Rules
from ernie_magic.notebook.panels.choice_controls import ChoiceControl, SizeControl
from ernie_magic.notebook.panels.controls import Controls
from ernie_magic.notebook.panels.labels import LABELS
from ernie_magic.notebook.panels.number_controls import NumberControl, SeedControl
from ernie_magic.notebook.panels.text_control import TextControl

PLAIN = Rules()
THREE = ("ernie-4.5-turbo-128k", "ernie-speed-8k", "ernie-5.0")


@pytest.fixture
def controls():
    def made(kind, model, rules=PLAIN, language="en", kept=dict):
        found = Controls(kind, language, kept, lambda: None)
        found.update_for_model(model, rules)
        return found

    yield made
    ipywidgets.Widget.close_all()


@pytest.fixture(scope="module")
def names_of_controls():
    """The parameters that have a control, by kind, model and protocol: for all of the catalogue."""
    found = {}
    for entry in CATALOGUE:
        if entry.kind not in ("chat", "image"):
            continue
        for rules in (PLAIN, Rules(protocol="qianfan-v1")):
            made = Controls(entry.kind, "en", dict, lambda: None)
            made.update_for_model(entry.id, rules)
            found[entry.kind, entry.id, rules.protocol] = set(made.by_name)
    ipywidgets.Widget.close_all()
    return found


def test_each_slider_has_the_table_s_range_step_and_default(controls):
    for model in THREE:
        for name, control in controls("chat", model).by_name.items():
            parameter = parameters.parameters_of("chat")[name]
            if not isinstance(control, NumberControl) or not isinstance(
                control.number_input, (ipywidgets.IntSlider, ipywidgets.FloatSlider)
            ):
                continue
            low, high = parameter.limits_for(model)
            assert control.number_input.min == (
                low + parameter.step if parameter.open_minimum else low
            ), name
            assert control.number_input.max == high, name
            assert control.number_input.step == parameter.step, name
            if parameter.default is not None:
                assert control.number_input.value == parameter.default, name
            assert control.value is None, name


def test_each_number_that_a_slider_can_show_is_one_the_table_takes(controls):
    for model in THREE:
        for name, control in controls("chat", model).by_name.items():
            if isinstance(control, NumberControl):
                parameter = parameters.parameters_of("chat")[name]
                for value in (
                    (control.number_input.min, control.number_input.max)
                    if hasattr(control.number_input, "min")
                    else (max(7, parameter.minimum or 0),)
                ):
                    control.value = value
                    assert parameter.check_value(control.value, model) == pytest.approx(value)


def test_three_models_have_different_controls(controls):
    found = {model: set(controls("chat", model).by_name) for model in THREE}
    assert {"frequency_penalty", "presence_penalty"} <= found["ernie-speed-8k"]
    assert not {"frequency_penalty", "presence_penalty"} & found["ernie-5.0"]
    limits = {
        model: controls("chat", model).by_name["max_completion_tokens"].number_input.max
        for model in THREE
    }
    assert limits == {"ernie-4.5-turbo-128k": 12_288, "ernie-speed-8k": 2_048, "ernie-5.0": 65_536}


def test_only_what_the_service_takes_is_there(controls):
    v1 = set(controls("chat", "ernie-speed-8k", Rules(protocol="qianfan-v1")).by_name)
    v2 = set(controls("chat", "ernie-speed-8k").by_name)
    assert {"min_output_tokens", "disable_search", "enable_citation"} <= v1 - v2
    assert {"seed", "web_search"} <= v2 - v1


def test_pictures_of_two_models_have_their_own_controls(controls):
    sdxl, ernie = (
        controls("image", "Stable-Diffusion-XL").by_name,
        controls("image", "ERNIE-Image-Turbo").by_name,
    )
    assert {"negative_prompt", "style", "steps", "cfg_scale", "sampler_index"} <= set(sdxl) - set(
        ernie
    )
    assert {"use_pe", "num_inference_steps", "guidance_scale", "watermark"} <= set(ernie) - set(
        sdxl
    )
    assert (
        type(sdxl["negative_prompt"]),
        type(sdxl["size"]),
        type(sdxl["seed"]),
        type(sdxl["style"]),
    ) == (TextControl, SizeControl, SeedControl, ChoiceControl)


def test_every_parameter_has_a_control_or_a_reason_to_have_none(names_of_controls):
    without = set()
    for (kind, model, protocol), names in names_of_controls.items():
        taken = {
            name
            for name, p in parameters.parameters_of(kind).items()
            if p.supported_by(model, protocol)
        }
        without |= {(kind, name) for name in taken - names}
    assert without == {
        ("chat", name)
        for name in (
            "model",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "stream_options",
            "metadata",
            "user",
        )
    } | {("image", name) for name in ("model", "response_format", "user")}


def test_a_moved_slider_is_sent_and_default_takes_it_back(controls):
    found = controls("chat", THREE[0])
    slider = found.by_name["temperature"]
    assert found.request_parameters == {}
    slider.number_input.value = 0.3
    assert (found.request_parameters, slider.default_toggle.value) == ({"temperature": 0.3}, False)
    slider.default_toggle.value = True
    assert (found.request_parameters, slider.number_input.value) == ({}, 0.95)


def test_what_the_page_rounds_is_no_move(controls):
    found = controls("chat", THREE[0])
    found.by_name["temperature"].number_input.value = 0.9500000000000001
    assert found.request_parameters == {}
    found.by_name["temperature"].number_input.value = 0.35000000000000003
    assert found.request_parameters == {"temperature": 0.35}


def test_another_model_keeps_what_is_still_good(controls):
    found = controls("chat", "ernie-5.0")
    for name, value in (
        ("temperature", 0.2),
        ("max_completion_tokens", 60_000),
        ("stop", ["a", "b"]),
        ("response_format", "json_object"),
    ):
        found.by_name[name].value = value
    found.update_for_model("ernie-speed-8k", Rules())
    assert found.request_parameters == {
        "temperature": 0.2,
        "stop": ["a", "b"],
        "response_format": "json_object",
    }


def test_what_the_session_sets_is_the_default_that_is_shown(controls):
    found = controls(
        "chat",
        THREE[0],
        kept=lambda: {"temperature": 0.3, "response_format": {"type": "json_object"}},
    )
    assert (found.by_name["temperature"].number_input.value, found.request_parameters) == (0.3, {})
    assert found.by_name["response_format"].dropdown.options[0] == ("default (json_object)", "")


def test_a_label_is_a_word_and_the_tooltip_has_help_name_and_range(controls):
    for language, label, help_ in (("zh", "核采样", "多样性"), ("en", "Top P", "diversity")):
        top_p = controls("chat", THREE[0], language=language).by_name["top_p"]
        assert top_p.number_input.description == label
        assert top_p.number_input.tooltip.startswith(help_)
        assert top_p.number_input.tooltip.endswith("\ntop_p · [0.0, 1.0]")
        ends = top_p.widget.children[1].value
        assert ends == "<span>0</span><span>1</span>"


def test_each_parameter_with_a_control_has_a_word(names_of_controls):
    assert {kind for kind, _, _ in names_of_controls} == {"chat", "image"}
    assert set().union(*names_of_controls.values()) - LABELS.keys() == set()


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("max_completion_tokens", "max_tokens", {"zh": "不含思考", "en": "without thinking"}),
        ("penalty_score", "repetition_penalty", {"zh": "其他模型", "en": "others"}),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_of_two_names_for_nearly_the_same_label_and_help_say_the_difference(
    controls, language, one, other, told
):
    found = controls("chat", THREE[0], language=language).by_name
    assert told[language] in found[other].label
    assert told[language] not in found[one].label
    for name, second in ((one, other), (other, one)):
        help_, _ = found[name]._hint_text.split("\n")
        thoughts = {"zh": "思考", "en": "thoughts"}[language]
        assert second in help_ or thoughts in help_
    # A label stands beside its number: what tells it apart is not cut off.
    assert len(found[other].label) <= 20


def test_few_parameters_are_open_and_the_rest_are_counted(controls):
    found = controls("chat", THREE[0])
    opened = list(found._open.children)
    assert opened == [
        found.by_name[name].widget for name in ("temperature", "max_completion_tokens")
    ]
    folded = len(found.by_name) - 2
    assert found._more_button.description == f"More parameters ({folded})"
    found.by_name["top_p"].number_input.value = 0.5
    assert found._more_button.description == f"More parameters ({folded}, 1 changed)"
    found.set_values({})
    assert found._more_button.description == f"More parameters ({folded})"


def test_a_preset_sets_a_limit_of_tokens_even_where_the_slider_rests(controls):
    limit = controls("chat", THREE[0]).by_name["max_completion_tokens"]
    presets = limit.widget.children[1].children
    assert [button.description for button in presets] == ["512", "1k", "4k", "max 12,288"]
    presets[1].click()
    assert limit.value == 1024
    limit.default_toggle.value = True
    assert limit.value is None
    presets[-1].click()
    assert limit.value == 12_288


@pytest.mark.parametrize(
    ("typed", "taken"),
    [("42", 42), (" 1,000 ", 1000), ("-5", 1), ("99999999999", 2**31 - 2), ("x", None), ("", None)],
)
def test_a_seed_is_typed_empty_or_within_its_range(controls, typed, taken):
    seed = controls("chat", THREE[0]).by_name["seed"]
    assert (seed.number_input.value, seed.number_input.placeholder) == ("", "random")
    seed.number_input.value = typed
    assert seed.value == taken
    assert seed.number_input.value == ("" if taken is None else str(taken))


def test_sizes_are_chosen_by_ratio(controls):
    size = controls("image", "Stable-Diffusion-XL").by_name["size"]
    assert size.value is None
    assert size.ratio.options == ("1:1", "16:9", "4:3", "3:4", "9:16")
    size.ratio.value = "3:4"
    assert size.value == "768x1024"
    size.dropdown.value = "1536x2048"
    assert (size.value, size.ratio.value) == ("1536x2048", "3:4")
    size.dropdown.value = "1024x576"
    assert size.ratio.value == "16:9"
    size.value = None
    assert (size.value, size.ratio.value) == (None, None)


def test_a_size_that_is_nearly_of_a_ratio_is_called_by_it(controls):
    size = controls("image", "ERNIE-Image").by_name["size"]
    assert size.ratio.options == ("1:1", "16:9", "3:2", "4:3", "3:4", "2:3", "9:16")
    assert ("1376x768 · 16:9", "1376x768") in size.dropdown.options


def test_sizes_of_one_ratio_need_no_chips(controls):
    size = controls("image", "irag-1.0").by_name["size"]
    assert size.ratio not in size.widget.children


def test_a_seed_is_rolled_kept_and_left_to_the_service(controls):
    seed = controls("image", "Stable-Diffusion-XL").by_name["seed"]
    seed.renew_seed()
    assert seed.value is None
    seed.pick_random_seed()
    first = seed.value
    assert 0 <= first < 2**31
    seed.renew_seed()
    assert seed.value != first
    kept = seed.value
    seed.lock.value = True
    seed.renew_seed()
    assert seed.value == kept
    seed.default_toggle.value = True
    seed.renew_seed()
    assert seed.value is None


def test_locking_an_unset_seed_takes_one(controls):
    seed = controls("image", "Stable-Diffusion-XL").by_name["seed"]
    seed.lock.value = True
    assert seed.value is not None


def test_what_a_session_sets_beyond_the_table_is_shown_as_it_is(controls):
    found = controls(
        "chat",
        "some-model",
        Rules(strict=False),
        kept=lambda: {"temperature": 5.0, "stop": ["END"]},
    )
    temperature = found.by_name["temperature"]
    assert (
        temperature.number_input.value,
        temperature.number_input.max,
        temperature.default_toggle.tooltip,
    ) == (
        5.0,
        5.0,
        "Reset: Temperature is the session's setting, 5.0",
    )
    assert found.by_name["stop"].text.placeholder == "default (END)"
    assert found.request_parameters == {}


OWN = ("retry_count", "request_timeout", "backoff_factor")


@pytest.mark.parametrize(
    ("kind", "model"), [("chat", "ernie-5.0"), ("image", "Stable-Diffusion-XL")]
)
def test_what_few_calls_need_is_below_more_with_the_settings_as_defaults(controls, kind, model):
    found = controls(
        kind, model, kept=lambda: {"retry_count": 5, "request_timeout": 30.0, "temperature": 0.3}
    )
    folded = set(found._more.children)
    assert {found.by_name[name].widget for name in OWN} <= folded
    assert not folded & set(found.widget.children)
    attempts = found.by_name["retry_count"]
    assert attempts.number_input.value == 5
    assert found.request_parameters == {}
    attempts.number_input.value = 1
    found.by_name["request_timeout"].value = 12.5
    assert found.request_parameters == {"retry_count": 1, "request_timeout": 12.5}
    found.update_for_model("ERNIE-Image" if kind == "image" else "ernie-3.5-8k", PLAIN)
    assert found.request_parameters == {"retry_count": 1, "request_timeout": 12.5}


def test_how_to_think_is_shown_for_models_that_do(controls):
    found = controls("chat", "ernie-5.0")
    for name, value, sent in (
        ("thinking", True, True),
        ("thinking", {"type": "disabled"}, False),
        ("thinking_budget", 2_000, 2_000),
        ("reasoning_effort", "high", "high"),
        ("thinking_strategy", "short_think", "short_think"),
        ("max_tokens", 9, 9),
        ("repetition_penalty", 1.1, 1.1),
    ):
        found.by_name[name].value = value
        assert found.request_parameters[name] == sent
    found.update_for_model("ernie-5.1", PLAIN)
    assert found.request_parameters["thinking"] is False
    assert "thinking_budget" not in controls("chat", "ernie-3.5-8k").by_name


@pytest.mark.parametrize(
    ("name", "typed", "taken", "told"),
    [
        ("seed", "-7", "0", "between 0 and 4,294,967,295, not -7"),
        ("seed", "5e9", "", "5e9 is not a number"),
        ("request_timeout", "0", "0.1", "between 0.1 and 86,400, not 0"),
        ("seed", "abc", "", "abc is not a number"),
        ("seed", "7", "7", ""),
        ("seed", "1,024", "1024", ""),
        ("seed", "", "", ""),
    ],
)
def test_a_typed_number_that_is_changed_is_told(controls, name, typed, taken, told):
    control = controls("image", "Stable-Diffusion-XL").by_name[name]
    control.number_input.value = "5"
    assert control.note.text == ""
    control.number_input.value = typed
    assert (control.number_input.value, control.note.text) == (taken, told)


@pytest.mark.parametrize(
    ("typed", "taken", "told"),
    [("0.5", 0.5, ""), ("0", 0.05, "at least 0.05, not 0"), ("1.2", 1.2, "")],
)
def test_a_factor_below_one_can_be_typed(controls, typed, taken, told):
    control = controls("chat", THREE[0]).by_name["repetition_penalty"]
    control.number_input.value = typed
    assert (control.value, control.note.text) == (taken, told)


def test_another_model_leaves_the_widget_of_what_is_folded(panel):
    selection = panel("chat").tabs["chat"].selection
    before = selection.controls.widget.children
    shown = {name for name, control in selection.controls.by_name.items() if control.widget}
    selection.picker.selected_model = "ernie-speed-8k"
    assert selection.controls.widget.children is before
    assert {*selection.controls.by_name} != shown
