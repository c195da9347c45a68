"""What kind of call a model of a live list is for, and whether it can be called now: by what the
list states, else by its name.

Lists state it differently: Qianfan V2 (https://cloud.baidu.com/doc/qianfan-api/s/Amwbl43sp), LM
Studio, Together, Xinference and Hugging Face by a type; Cohere
(https://docs.cohere.com/reference/list-models) and new-api by endpoints; Google by methods; Ollama
and llama.cpp by a list of capabilities, Mistral and Azure by an object of them; OpenRouter
(https://openrouter.ai/docs/models) by what goes in and comes out; LiteLLM by a mode.
"""

from __future__ import annotations

import re
import time
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

from ernie_magic.api import values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ernie_magic.api.catalogue import Kind

    Stated = Kind | Literal["other"]

# What lists call the kinds; words are compared in lower case, with `-` for each `_`.
_KINDS_OF_WORDS: dict[str, Kind] = {
    "chat": "chat",
    "chats": "chat",
    "chat-completion": "chat",
    "chat-completions": "chat",
    "completion-chat": "chat",
    "language": "chat",
    "llm": "chat",
    "vlm": "chat",
    "text-generation": "chat",
    "conversational": "chat",
    "image-text-to-text": "chat",
    "text->text": "chat",
    "completion": "completion",
    "completions": "completion",
    "image": "image",
    "images": "image",
    "image-generation": "image",
    "image-generations": "image",
    "text2image": "image",
    "text-to-image": "image",
    "text->image": "image",
    "embed": "embedding",
    "embedcontent": "embedding",
    "embedding": "embedding",
    "embeddings": "embedding",
    "text-embedding": "embedding",
    "text-embeddings": "embedding",
    "feature-extraction": "embedding",
    "sentence-similarity": "embedding",
    "text->embedding": "embedding",
    "text->embeddings": "embedding",
    "rerank": "rerank",
    "reranker": "rerank",
    "reranking": "rerank",
    "jina-rerank": "rerank",
    "text-ranking": "rerank",
    "text->rerank": "rerank",
}
_WORDS_OF_NO_CALL = re.compile(
    r"video|audio|speech|voice|music|image2|image-to-|moderation|safety|classif|transcri|translat"
    r"|(?<![a-z])(?:asr|tts|stt|ocr)(?![a-z])|generateanswer"
)
# Said of what is no chat model as well: gateways name an API's style, Google's pictures and voices
# are generated like texts, and Whisper writes text.
_WEAK_CHAT_WORDS = frozenset(
    {"openai", "openai-response", "anthropic", "gemini", "messages", "responses"}
    | {"generatecontent", "text", "chat-completions-api"}
)
_WORD_FIELDS = (
    *(
        "type",
        "model_type",
        "kind",
        "task",
        "pipeline_tag",
        "mode",
        "category",
        "sub_type",
        "modality",
    ),
    *(
        "supported_output_modalities",
        "endpoints",
        "supported_endpoint_types",
        "supportedGenerationMethods",
        "tasks",
    ),
    *("supported_tasks", "model_ability", "capabilities", "output_modalities", "outputModalities"),
)
# In a list of abilities, a chat model's ability is "completion" (Ollama, llama.cpp).
_ABILITIES = ("capabilities", "model_ability")
_CHAT_FLAGS = ("supports_chat", "supportsChat", "supports_chat_completion")  # Fireworks
_TRUE = (True, "true")
_FALSE = (False, "false")
_OUTPUTS = ("output_modalities", "outputModalities", "supported_output_modalities")
_MAX_WORDS = 50  # of a field that are read


def stated_kind(raw: Mapping[str, Any]) -> Stated | None:
    """Return the kind that an entry of a live list states: "other" where no call here is for it,
    None where it states none.
    """
    stated = [kind for word in _stated_words(raw) if (kind := _kind_of_word(word))]
    if "chat" in stated:
        return "chat"
    kinds = [kind for kind in stated if kind != "other"]
    return next(iter(kinds or stated), None)


def may_chat(raw: Mapping[str, Any]) -> bool:
    """Whether an entry states that it chats in a word that lists have for other models too."""
    return any(word in _WEAK_CHAT_WORDS for word in _stated_words(raw))


def denies_chat(raw: Mapping[str, Any]) -> bool:
    """Whether an entry states that it does not chat."""
    abilities = values.as_object(raw.get("capabilities"))
    denied = (_fold(name) for name, value in abilities.items() if value in _FALSE)
    if any(_KINDS_OF_WORDS.get(word) == "chat" for word in denied):
        return True
    return any(raw.get(name) is False for name in _CHAT_FLAGS)


def _kind_of_word(word: str) -> Stated | None:
    taken, arrow, made = word.partition("->")
    if arrow and "text" in taken.split("+") and "text" in made.split("+"):
        word = "text->text"  # a chat model may read more than text: `text+image->text`
    if kind := _KINDS_OF_WORDS.get(word):
        return kind
    if _WORDS_OF_NO_CALL.search(word):
        return "other"
    return None


def _stated_words(raw: Mapping[str, Any]) -> Iterator[str]:
    """Iterate over the words by which an entry says what it is for."""
    if any(raw.get(name) is True for name in _CHAT_FLAGS):
        yield "chat"
    architecture = values.as_object(raw.get("architecture"))
    for source in (raw, architecture):
        # A list may have thousands of entries, each with few of the fields.
        for name in filter(source.__contains__, _WORD_FIELDS):
            value = source[name]
            words = list(_read_words(value))
            if name in _ABILITIES and isinstance(value, list) and "completion" in words:
                words.append("chat")
            if name in _OUTPUTS and "text" in words:
                words = ["text"]  # it makes pictures or speaks besides
            yield from words


def _read_words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield _fold(value)
    elif isinstance(value, list):
        yield from (_fold(item) for item in value[:_MAX_WORDS] if isinstance(item, str))
    elif isinstance(value, dict):
        yield from (_fold(name) for name, given in value.items() if given in _TRUE)
        yield from _read_words(value.get("name"))  # Cloudflare's task


def _fold(word: str) -> str:
    plain = re.sub(r"[\s_/]+", "-", word.strip().lower())
    return plain.removeprefix("v1-").removesuffix("-model")


# How names of embedding and picture models begin that do not say so, and words in names of models
# that speak, listen, make films or only judge.
_EMBEDDING_FAMILIES = (
    *("bge-", "tao-", "e5-", "gte-", "m3e-", "all-minilm", "all-mpnet", "paraphrase-", "nomic-"),
    *("voyage-", "multilingual-e5", "sentence-", "mxbai-", "stella", "labse", "text2vec", "embo-"),
)
_IMAGE_FAMILIES = (
    *(
        "irag",
        "flux",
        "dall-e",
        "sdxl",
        "cogview",
        "kolors",
        "wanx",
        "sd-",
        "sd_",
        "sd3",
        "imagen-",
    ),
    *("pixart", "playground-v", "recraft", "ideogram", "kandinsky", "midjourney", "hidream"),
)
_OF_NO_CALL = re.compile(
    r"(?<![a-z])(?:whisper|tts|asr|stt|speech|sora|veo|cosyvoice|moderation|kokoro|lyria|music"
    r"|transcribe|realtime|live|aqa|[it]2v|s2v|kling|vidu)(?![a-z])"
    r"|video|sensevoice|paraformer|seedance|chattts|fishaudio|hailuo|3d(?![a-z])"
)
_PICTURE_WORDS = re.compile(r"image|diffusion|seedream|seededit|(?<![a-z])t2i(?![a-z])|^step-\d+x-")
_COMPLETION_NAMES = re.compile(r"^(?:davinci|babbage|curie|ada)\b|turbo-instruct|-text-davinci")
# Chat models for one purpose, which nobody means who names none: judges, translators, readers of
# pages, voices; and models that only continue a text.
_SPECIAL = re.compile(
    r"guard|translat|starcoder|(?<![a-z])(?:shield\w*|mt|ocr|audio|voice|reward|rm|prm|classifier|judge"
    r"|robotics|search|research|computer-use|codex|draft|charglm|character|char|role(?:play)?|o\d-pro)"
    r"(?![a-z])|\w[-_.]base(?:$|[-_.:])"
)
# Families and endings of names that only chat models have; short ones at the beginning only.
_CHAT_NAME = re.compile(
    r"^(?:o[1-9](?:$|-)|phi|yi[-:]|step-|abab|grok|command|nova-|ling-|ring-|seed-|aya|spark"
    r"|4\.0ultra|generalv|orca|solar|mimo|glm)"
    r"|(?<![a-z])(?:ernie|deepseek|qwen|qwq|qvq|gpt|chatgpt|claude|gemini|gemma|llama|mistral"
    r"|mixtral|ministral|magistral|devstral|codestral|pixtral|mathstral|glm-|chatglm|kimi|moonshot"
    r"|doubao|hunyuan|minimax|minicpm|baichuan|internlm|internvl|granite|olmo|falcon|smollm"
    r"|nemotron|exaone|sonar|jamba|open-?mi[sx]tral|tinyllama|codellama|codegemma|codeqwen"
    r"|starcoder|vicuna|wizard|\w*hermes|dolphin|zephyr|openchat|starling|llava|bakllava|moondream"
    r"|cogito|tulu|longcat|stablelm)"
    r"|(?:^|[-_.:])(?:instruct|chat|it|thinking|assistant)(?:$|[-_.:])"
)


def _tail(model_id: str) -> str:
    """Return a name without its owner: `BAAI/bge-m3`, `baidu/ERNIE-4.5-21B-A3B-PT`."""
    return model_id.lower().rpartition("/")[2]


def kind_of_name(model_id: str) -> Kind | None:
    """Return the kind that a name tells; None for one that tells none."""
    name = _tail(model_id)
    if "rerank" in name:
        return "rerank"
    if "embed" in name or name.startswith(_EMBEDDING_FAMILIES):
        return "embedding"
    if _PICTURE_WORDS.search(name) or name.startswith(_IMAGE_FAMILIES):
        return "image"
    kind: Kind | None = None
    if _COMPLETION_NAMES.search(name):
        kind = "completion"
    elif name.startswith(("ernie", "deepseek", "qwen")) and not is_of_no_call(name):
        kind = "chat"
    return kind


def is_of_no_call(model_id: str) -> bool:
    """Whether a name says that no call here is for the model: it makes films, speaks, listens."""
    return bool(_OF_NO_CALL.search(model_id.lower()))


def is_special(model_id: str) -> bool:
    """Whether a name says that a chat model is for one purpose only."""
    return bool(_SPECIAL.search(_tail(model_id)))


def is_chat_name(model_id: str) -> bool:
    """Whether a name is one that only chat models have."""
    return bool(_CHAT_NAME.search(_tail(model_id)))


class Readiness(IntEnum):
    """Whether a listed model can be called, the best first."""

    READY = 0
    NOT_LOADED = 1
    RETIRING = 2
    UNAVAILABLE = 3


_STATE_FIELDS = ("state", "status", "lifecycle_status", "lifecycleStatus", "availability")
_READINESS_OF_WORDS = (
    (Readiness.NOT_LOADED, re.compile(r"not.?loaded|unloaded|sleeping")),
    (Readiness.RETIRING, re.compile(r"deprecat|retiring|legacy|sunset")),
    (
        Readiness.UNAVAILABLE,
        re.compile(
            r"retired|shut.?down|offline|unavailable|inactive|disabled|fail|error|delet|stopped"
            r"|archived|not.?(?:ready|running|available)|creating|pending|queued|building"
        ),
    ),
)
_OFF_WHERE_FALSE = ("active", "enabled", "available", "is_available", "is_active", "is_enabled")
_OFF_WHERE_TRUE = ("disabled", "archived", "retired", "is_retired", "is_disabled")
_RETIRING_WHERE_TRUE = ("deprecated", "is_deprecated")
_END_DATES = ("deprecation", "expiration_date", "deprecation_date", "shutdown_date", "retired_at")
_READINESS_FIELDS = frozenset(
    {*_STATE_FIELDS, *_OFF_WHERE_FALSE, *_OFF_WHERE_TRUE, *_RETIRING_WHERE_TRUE, *_END_DATES}
    | {"loaded", "loaded_instances"}
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def readiness_of(raw: Mapping[str, Any]) -> Readiness:
    """Return whether an entry of a live list can be called, by what it states."""
    if _READINESS_FIELDS.isdisjoint(raw):
        return Readiness.READY
    found = [Readiness.READY]
    if any(raw.get(name) is False for name in _OFF_WHERE_FALSE):
        found.append(Readiness.UNAVAILABLE)
    if any(raw.get(name) is True for name in _OFF_WHERE_TRUE):
        found.append(Readiness.UNAVAILABLE)
    if any(raw.get(name) is True for name in _RETIRING_WHERE_TRUE) or _has_ended(raw):
        found.append(Readiness.RETIRING)
    if raw.get("loaded") is False or raw.get("loaded_instances") == []:
        found.append(Readiness.NOT_LOADED)
    for name in _STATE_FIELDS:
        state = raw.get(name)
        if isinstance(state, dict):  # llama.cpp's router: {"value": "unloaded"}
            state = state.get("value")
        if isinstance(state, str):
            readings = (ready for ready, words in _READINESS_OF_WORDS if words.search(_fold(state)))
            found.append(next(readings, Readiness.READY))
    return max(found)


def _has_ended(raw: Mapping[str, Any]) -> bool:
    """Whether an entry's last day is over; dates are UTC's."""
    today = time.strftime("%Y-%m-%d", time.gmtime())
    ends = (values.as_text(raw.get(name))[:10] for name in _END_DATES)
    return any(_DATE.fullmatch(end) and end < today for end in ends)
