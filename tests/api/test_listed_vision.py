"""Which models of a live list see pictures, and which of them is asked about one."""

import pytest

from ernie_magic.api.default_model import default_model
from ernie_magic.api.listed_vision import sees_pictures
from ernie_magic.api.models import Listed


@pytest.mark.parametrize(
    ("blind", "seeing"),
    [
        ("qwen3:8b", "qwen2.5vl:7b"),
        ("llama3", "llava:7b"),
        ("gpt-3.5-turbo", "gpt-4o"),
        ("o1-mini", "o4-mini"),
        ("glm-4", "glm-4v-plus"),
        ("llama3", "minicpm-v:8b"),
        ("gemma3:1b", "gemma3:4b"),
        ("mistral-small", "pixtral-12b"),
        ("deepseek-v3", "OpenGVLab/InternVL3-8B"),
        ("moonshot-v1-8k", "moonshot-v1-8k-vision-preview"),
        ("qwen-turbo", "qvq-72b"),
        ("Qwen/Qwen2.5-72B-Instruct", "Qwen/Qwen2.5-VL-72B-Instruct"),
        ("qwen-plus", "qwen-omni-turbo"),
        ("phi-4", "Phi-4-multimodal-instruct"),
        ("gemini-embedding-001", "gemini-2.0-flash"),
        ("claude-instant", "claude-sonnet-4"),
    ],
)
def test_a_name_tells_which_model_sees(blind, seeing):
    assert sees_pictures({}, seeing) is True
    assert sees_pictures({}, blind) is None
    offered = [Listed(blind, {}), Listed(seeing, {})]
    assert default_model("chat", "local", offered, needs_vision=True) == seeing


@pytest.mark.parametrize(
    ("blind", "seeing"),
    [
        (
            {"architecture": {"input_modalities": ["text"]}},
            {"architecture": {"input_modalities": ["text", "image"]}},
        ),
        ({"type": "llm", "capabilities": []}, {"type": "vlm"}),
        ({"capabilities": {"vision": False}}, {"capabilities": {"vision": True}}),
        ({"capabilities": ["completion"]}, {"capabilities": ["completion", "vision"]}),
        ({"supports_image_in": False}, {"supports_image_in": True}),
        ({"model_info": {"supports_vision": False}}, {"model_info": {"supports_vision": True}}),
        ({"modality": ["text"]}, {"architecture": {"modality": "text+image->text"}}),
    ],
)
def test_what_a_list_states_counts_before_the_name(blind, seeing):
    assert sees_pictures(seeing, "a/text") is True
    assert sees_pictures(blind, "gpt-4o") is False
    offered = [Listed("b/gpt-4o", blind), Listed("a/text-chat", seeing)]
    assert default_model("chat", "local", offered, needs_vision=True) == "a/text-chat"


def test_where_none_is_known_to_see_the_choice_is_that_of_a_text():
    offered = [Listed("deepseek-chat", {}), Listed("deepseek-reasoner", {})]
    assert default_model("chat", "local", offered, needs_vision=True) == "deepseek-chat"


def test_a_text_is_for_the_first_chat_model_as_ever():
    offered = [Listed("qwen3:8b", {}), Listed("qwen2.5vl:7b", {})]
    assert default_model("chat", "local", offered) == "qwen3:8b"


def test_a_picture_that_a_model_draws_is_none_that_it_sees():
    assert sees_pictures({"architecture": {"modality": "text->text+image"}}, "drawer") is None
