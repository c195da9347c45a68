"""What a live list says of a model decides which one a call gets; then its name."""

import pytest

from ernie_magic.api.default_model import default_model, no_model_error
from ernie_magic.api.listed_kinds import Readiness, readiness_of, stated_kind
from ernie_magic.api.models import Listed


def chosen(kind, *entries):
    listed = [
        Listed(entry, {}) if isinstance(entry, str) else Listed(entry["id"], entry)
        for entry in entries
    ]
    return default_model(kind, "local", listed)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({"type": "llm"}, "chat"),
        ({"type": "embeddings"}, "embedding"),
        ({"type": "model"}, None),
        ({"model_type": "rerank"}, "rerank"),
        ({"kind": "EMBEDDING_MODEL"}, "embedding"),
        ({"mode": "embedding"}, "embedding"),
        ({"mode": "image_generation"}, "image"),
        ({"mode": "audio_transcription"}, "other"),
        ({"endpoints": ["embed"]}, "embedding"),
        ({"endpoints": ["generate", "chat", "summarize"]}, "chat"),
        ({"endpoints": ["chat/completions", "completions"]}, "chat"),
        ({"supported_endpoint_types": ["embeddings"]}, "embedding"),
        ({"supported_endpoint_types": ["jina-rerank"]}, "rerank"),
        ({"supported_endpoint_types": ["openai-video"]}, "other"),
        ({"supportedGenerationMethods": ["generateAnswer"]}, "other"),
        ({"supportedGenerationMethods": ["embedContent"]}, "embedding"),
        ({"capabilities": ["completion", "tools"]}, "chat"),
        ({"capabilities": ["embedding"]}, "embedding"),
        ({"capabilities": {"completion_chat": True}}, "chat"),
        ({"capabilities": {"chat_completion": "true"}}, "chat"),
        ({"capabilities": {"chat_completion": False, "embeddings": True}}, "embedding"),
        ({"model_ability": ["chat", "vision"]}, "chat"),
        ({"task": {"name": "Text Generation"}}, "chat"),
        ({"task": {"name": "Automatic Speech Recognition"}}, "other"),
        ({"architecture": {"modality": "text+image->text"}}, "chat"),
        ({"architecture": {"modality": "text->image"}}, "image"),
        ({"architecture": {"output_modalities": ["embeddings"]}}, "embedding"),
        ({"architecture": {"output_modalities": ["audio"]}}, "other"),
        ({"supports_chat": True}, "chat"),
        ({"type": None, "capabilities": 5, "endpoints": [None], "task": {}}, None),
    ],
)
def test_the_kind_is_read_in_the_fields_of_many_lists(raw, kind):
    assert stated_kind(raw) == kind


@pytest.mark.parametrize(
    ("raw", "readiness"),
    [
        ({}, Readiness.READY),
        ({"state": "loaded", "active": True, "status": "succeeded"}, Readiness.READY),
        ({"state": "not-loaded"}, Readiness.NOT_LOADED),
        ({"loaded_instances": []}, Readiness.NOT_LOADED),
        ({"status": {"value": "unloaded"}}, Readiness.NOT_LOADED),
        ({"deprecated": True}, Readiness.RETIRING),
        ({"deprecation": "2024-11-25T00:00:00Z"}, Readiness.RETIRING),
        ({"deprecation": None, "expiration_date": "2999-01-01"}, Readiness.READY),
        ({"lifecycle_status": "deprecated"}, Readiness.RETIRING),
        ({"active": False}, Readiness.UNAVAILABLE),
        ({"archived": True}, Readiness.UNAVAILABLE),
        ({"status": "Shutdown"}, Readiness.UNAVAILABLE),
        ({"status": 1, "state": None}, Readiness.READY),
    ],
)
def test_whether_a_model_can_be_called_is_read_too(raw, readiness):
    assert readiness_of(raw) is readiness


@pytest.mark.parametrize(
    ("entries", "chat"),
    [
        (["cogview-4", "cogvideox-3", "glm-asr", "charglm-4", "glm-4-flash"], "glm-4-flash"),
        (["doubao-seedream-3-0-t2i", "doubao-seedance-1-0", "doubao-seed-1-6"], "doubao-seed-1-6"),
        (["playai-tts", "meta-llama/llama-prompt-guard-2-22m", "llama-3.1-8b"], "llama-3.1-8b"),
        (["davinci-002", "gpt-3.5-turbo-instruct", "gpt-4o-audio-preview", "gpt-4o"], "gpt-4o"),
        (["wanx2.1-t2i-turbo", "paraformer-v2", "qwen-mt-turbo", "qwen-plus"], "qwen-plus"),
        (["kokoro", "bge-m3", "my-7b"], "my-7b"),
        (["speech-02-hd", "image-01", "T2V-01", "music-1.5", "MiniMax-M2"], "MiniMax-M2"),
        (["step-1x-medium", "step-tts-mini", "step-1-8k"], "step-1-8k"),
        (["hunyuan-embedding", "hunyuan-translation", "hunyuan-lite"], "hunyuan-lite"),
        (["Qwen2.5-7B-base", "Skywork-Reward-8B", "Mistral-7B-Instruct-v0.3"], "Mistral-7B-Instruct-v0.3"),
        (["mistral-ocr-latest", "voxtral-mini-transcribe", "mistral-small"], "mistral-small"),
        (["Qwen2.5-7B-base"], "Qwen2.5-7B-base"),
        (["llama-guard-3"], "llama-guard-3"),
        ([{"id": "old", "active": False}, {"id": "new"}], "new"),
        ([{"id": "a", "type": "llm", "state": "not-loaded"}, {"id": "b", "type": "llm", "state": "loaded"}], "b"),
        ([{"id": "a", "type": "llm", "state": "not-loaded"}], "a"),
        ([{"id": "base"}, {"id": "lora1", "parent": "base"}], "base"),
        ([{"id": "whisper-1", "supported_endpoint_types": ["openai"]}, {"id": "x", "supported_endpoint_types": ["openai"]}], "x"),
        ([{"id": "a", "capabilities": {"chat_completion": False}}, {"id": "b"}], "b"),
        (["models/embedding-gecko-001", "models/gemini-2.5-flash-preview-tts", "models/gemini-robotics-er-1.5-preview", "models/gemini-2.5-flash"], "models/gemini-2.5-flash"),
        (["doubao-seed-translation", "doubao-seed3d-1-0", "doubao-seed-1-6"], "doubao-seed-1-6"),
        (["qwen3-livetranslate-flash", "qwen-vl-ocr", "qwen3-omni-flash-realtime", "qwen-plus"], "qwen-plus"),
        (["gpt-realtime-mini", "o1-pro", "gpt-5-codex", "gpt-4o-transcribe", "gpt-5-mini"], "gpt-5-mini"),
        (["whisper-1", "text-embedding-3-large", "azure-gpt-4o", "other"], "azure-gpt-4o"),
        (["sd_xl_base_1.0.safetensors", "flux1-dev.safetensors"], ""),
        (["x", "x"], "x"),
        (["x", "y"], ""),
        (["tts-1", "whisper-1", "sora-2"], ""),
        ([{"id": "gpt-4", "active": False}], ""),
        ([], ""),
    ],
)  # fmt: skip
def test_the_default_chat_model_is_one_that_certainly_chats(entries, chat):
    assert chosen("chat", *entries) == chat


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("embedding", {"id": "x-english", "endpoints": ["embed"]}),
        ("embedding", {"id": "x", "supported_endpoint_types": ["embeddings"]}),
        ("image", {"id": "x", "mode": "image_generation"}),
        ("rerank", {"id": "x", "type": "reranker"}),
    ],
)
def test_defaults_of_other_calls_are_told_by_the_same_fields(kind, entry):
    assert chosen(kind, "gpt-4o", entry) == "x" + entry["id"][1:]
    assert chosen(kind, {**entry, "active": False}) == ""


def test_where_no_model_is_clear_the_candidates_are_named():
    listed = [Listed(name, {}) for name in ("x", "y", "tts-1", "bge-m3")]
    line = no_model_error("chat", listed).line("en")
    assert "choose one with -m, for example x, y (in Python: model=)" in line
    assert "for example" not in no_model_error("chat", listed[2:]).line("en")
    assert "例如 bge-m3" in no_model_error("embedding", listed).line("zh")
