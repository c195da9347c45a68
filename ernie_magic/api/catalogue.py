"""The catalogue of models, as data: the abilities and limits of each id, with the source and date
of each fact.

Facts are dated because ids retire: the chat ids of AI Studio's API page are reported as retired
upstream since June 2026. Where a page and the table of the official client
(https://github.com/baidubce/bce-qianfan-sdk) differ, the page's number is used, since the client's
table is stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ernie_magic.text.language import Text

Kind = Literal["chat", "completion", "image", "embedding", "rerank"]


class KindName(NamedTuple):
    """What people call a kind of models.

    Attributes
    ----------
    label : Text
    phrase : Text
        The label as it stands before "model" in a sentence.
    synonyms : tuple of str
        Other words that `%ernie models` understands.
    """

    label: Text
    phrase: Text
    synonyms: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """All words for it."""
        return (*self.label, *self.synonyms)


KIND_NAMES: dict[Kind, KindName] = {
    "chat": KindName(Text("文生文", "chat"), Text("文生文", "a chat"), ("对话",)),
    "completion": KindName(Text("续写", "completion"), Text("续写", "a completion")),
    "image": KindName(
        Text("文生图", "image"),
        Text("文生图", "an image"),
        ("images", "picture", "pictures", "图片"),
    ),
    "embedding": KindName(
        Text("向量", "embedding"),
        Text("向量", "an embedding"),
        ("embeddings", "vector", "vectors"),
    ),
    "rerank": KindName(Text("排序", "rerank"), Text("排序", "a rerank")),
}


@dataclass(frozen=True)
class Model:
    """What is known of a model id.

    Attributes
    ----------
    id : str
        The id as the service spells it.
    kind : {"chat", "completion", "image", "embedding", "rerank"}
    max_characters, max_input_tokens : int | None
        Longest input (system prompt and all message contents together, or one text to embed); None
        when unknown.
    max_output : tuple[int, int]
        Range of `max_completion_tokens`, in tokens.
    capabilities : frozenset of str
        Optional abilities: "penalties" (frequency and presence), "tools", "top_k", "vision",
        "thinking"; of pictures: "diffusion", "enhancer", "reference", "mask".
    v1_capabilities : frozenset of str
        Those that only Qianfan V1 documents for it.
    unsupported : frozenset of str
        What it lacks and other models of its kind have: "system".
    retired : str
        The date since which the id is reported as retired upstream, "" when it is not.
    source : str
        Where the facts come from.
    path : str
        Its path on Qianfan V1, "" where V1 has none.
    names : tuple of str
        Other names for it, mainly V1's.
    batch : int
        Texts in one call, for embeddings; documents, for rerank.
    v2 : bool
        Whether AI Studio or Qianfan V2 documents it too.
    sizes : tuple of str
        Sizes of pictures, width x height in pixels.
    other_sizes : bool
        Whether it accepts other sizes too, or replaces them by the nearest of its own.
    """

    id: str
    kind: Kind = "chat"
    max_characters: int | None = None
    max_input_tokens: int | None = None
    max_output: tuple[int, int] = (2, 2048)
    capabilities: frozenset[str] = frozenset()
    unsupported: frozenset[str] = frozenset()
    retired: str = ""
    source: str = "https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns"
    path: str = ""
    names: tuple[str, ...] = ()
    batch: int = 16
    v2: bool = True
    sizes: tuple[str, ...] = ()
    other_sizes: bool = False
    v1_capabilities: frozenset[str] = frozenset()

    def has_ability(self, name: str, protocol: str | None = None) -> bool:
        """Whether it has an optional ability where this protocol is spoken; on any, when None."""
        if protocol != "openai" and name in self.v1_capabilities:
            return True
        return name in self.capabilities


_ABILITIES = {"P": "penalties", "T": "tools", "K": "top_k", "V": "vision", "R": "thinking"}
_JUNE_9 = "2026-06-09"
_JUNE_30 = "2026-06-30"
_TODAY = "https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns, public model lists, 2026-11"
_V1 = "https://github.com/baidubce/bce-qianfan-sdk"


def _abilities(letters: str) -> frozenset[str]:
    return frozenset(_ABILITIES[letter] for letter in letters)


def _ernie(
    id_: str,
    size: str,
    letters: str,
    path: str = "",
    names: tuple[str, ...] = (),
    *,
    v1_letters: str = "",
    retired: str = "",
    source: str = "https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
) -> Model:
    characters, tokens = _SIZES[size]
    return Model(
        id_,
        "chat",
        characters,
        tokens,
        capabilities=_abilities(letters),
        retired=retired,
        source=source,
        path=path,
        names=names,
        v2=source != _V1,
        v1_capabilities=_abilities(v1_letters),
    )


def _open(name: str, path: str, letters: str = "K") -> Model:
    """Return an open-source model of V1: 4,800 characters, top_k, no system prompt."""
    return Model(
        name,
        "chat",
        4_800,
        capabilities=_abilities(letters),
        unsupported=frozenset({"system"}),
        source=_V1,
        path=path,
        v2=False,
    )


# Longest inputs in characters and tokens (the models' pages, such as
# https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf, and the official client).
_SIZES: dict[str, tuple[int | None, int | None]] = {
    "20k": (20_000, 5_120),
    "24k": (24_000, 6_144),
    "128k": (516_096, 126_976),
    "11k": (11_200, 7_168),
    "?": (None, None),
}

_SEEDS: tuple[Model, ...] = (
    # The tables of AI Studio (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns) and Qianfan V2
    # (https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb), with V1's paths.
    _ernie("ernie-4.0-8k-latest", "20k", "", "/chat/ernie-4.0-8k-latest", retired=_JUNE_30),
    _ernie(
        "ernie-4.0-8k-preview",
        "20k",
        "T",
        "/chat/ernie-4.0-8k-preview",
        ("ERNIE-4.0-preview",),
        retired=_JUNE_30,
    ),
    _ernie(
        "ernie-4.0-8k",
        "20k",
        "T",
        "/chat/completions_pro",
        ("ERNIE-Bot-4",),
        retired=_JUNE_30,
        source="https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns",
    ),
    _ernie(
        "ernie-4.0-turbo-8k-latest", "20k", "", "/chat/ernie-4.0-turbo-8k-latest", retired=_JUNE_30
    ),
    _ernie(
        "ernie-4.0-turbo-8k-preview",
        "20k",
        "",
        "/chat/ernie-4.0-turbo-8k-preview",
        retired=_JUNE_30,
    ),
    _ernie(
        "ernie-4.0-turbo-8k",
        "20k",
        "",
        "/chat/ernie-4.0-turbo-8k",
        retired=_JUNE_30,
        source="https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns",
    ),
    _ernie("ernie-4.0-turbo-128k", "?", "", retired=_JUNE_30),
    _ernie(
        "ernie-3.5-8k-preview",
        "20k",
        "T",
        "/chat/ernie-3.5-8k-preview",
        ("ERNIE-3.5-preview",),
        retired=_JUNE_30,
    ),
    _ernie(
        "ernie-3.5-8k",
        "20k",
        "T",
        "/chat/completions",
        ("ERNIE 3.5", "ERNIE-Bot"),
        retired=_JUNE_30,
        source="https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns",
    ),
    _ernie("ernie-3.5-128k", "128k", "T", "/chat/ernie-3.5-128k"),
    _ernie(
        "ernie-speed-8k",
        "24k",
        "P",
        "/chat/ernie_speed",
        ("ernie_speed", "ERNIE-Speed", "ERNIE Speed"),
        retired=_JUNE_9,
        source="https://cloud.baidu.com/doc/WENXINWORKSHOP/s/klqx7b1xf",
    ),
    _ernie(
        "ernie-speed-128k",
        "128k",
        "P",
        "/chat/ernie-speed-128k",
        retired=_JUNE_9,
        source="https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns",
    ),
    _ernie("ernie-speed-pro-128k", "128k", "P", "/chat/ernie-speed-pro-128k", retired=_JUNE_30),
    _ernie(
        "ernie-lite-8k",
        "24k",
        "P",
        "/chat/ernie-lite-8k",
        ("ERNIE-Lite-8K-0308",),
        retired=_JUNE_9,
        source="https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns",
    ),
    _ernie("ernie-lite-pro-128k", "?", "P", retired=_JUNE_30),
    _ernie(
        "ernie-tiny-8k",
        "24k",
        "P",
        "/chat/ernie-tiny-8k",
        retired=_JUNE_9,
        source="https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns",
    ),
    _ernie(
        "ernie-char-8k",
        "24k",
        "P",
        "/chat/ernie-char-8k",
        ("ERNIE-Character-8K",),
        retired=_JUNE_9,
        source="https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns",
    ),
    _ernie(
        "ernie-char-fiction-8k",
        "24k",
        "P",
        "/chat/ernie-char-fiction-8k",
        ("ERNIE-Character-Fiction-8K",),
        retired=_JUNE_9,
    ),
    # The penalties are in V1's table only (https://github.com/baidubce/bce-qianfan-sdk).
    _ernie("ernie-novel-8k", "24k", "", "/chat/ernie-novel-8k", v1_letters="P"),
    Model(
        "Stable-Diffusion-XL",
        "image",
        1_024,
        capabilities=frozenset({"diffusion"}),
        path="/text2image/sd_xl",
        sizes=(
            "1024x1024",
            "768x768",
            "1536x1536",
            "2048x2048",  # portraits
            "1024x768",
            "2048x1536",  # illustrations
            "768x1024",
            "1536x2048",
            "576x1024",
            "1152x2048",  # posters
            "1024x576",
            "2048x1152",  # wallpapers
        ),
    ),
    Model("embedding-v1", "embedding", 1_000, 384, path="/embeddings/embedding-v1"),
    # A user-deployed service has no path of its own: `endpoint` names it.
    Model(
        "Dolly-12B",
        "chat",
        4_800,
        capabilities=_abilities("K"),
        unsupported=frozenset({"system"}),
        source="https://cloud.baidu.com/doc/WENXINWORKSHOP, user-deployed services",
        v2=False,
    ),
)

_CURRENT: tuple[Model, ...] = (
    Model("ernie-5.1", "chat", None, None, (2, 65_536), _abilities("R"), source=_TODAY),
    Model("ernie-5.0", "chat", None, None, (2, 65_536), _abilities("RV"), source=_TODAY),
    Model(
        "ernie-5.0-thinking-preview",
        "chat",
        None,
        None,
        (2, 65_536),
        _abilities("RV"),
        source=_TODAY,
    ),
    Model("ernie-x1.1-preview", "chat", None, None, (2, 65_536), _abilities("R"), source=_TODAY),
    Model(
        "ernie-4.5-turbo-128k", "chat", None, 125_952, (2, 12_288), _abilities("T"), source=_TODAY
    ),
    Model("ernie-4.5-turbo-32k", "chat", None, 27_648, (2, 12_288), _abilities("T"), source=_TODAY),
    Model("ernie-4.5-turbo-vl", "chat", None, None, (2, 12_288), _abilities("V"), source=_TODAY),
    *(
        Model(
            id_,
            "image",
            1_024,
            capabilities=frozenset({"enhancer"}),
            source="public clients of ERNIE-Image, 2026-11",
            sizes=(
                "1024x1024",
                "1376x768",
                "1264x848",
                "1200x896",
                "896x1200",
                "848x1264",
                "768x1376",
            ),
            other_sizes=True,
        )
        for id_ in ("ERNIE-Image-Turbo", "ERNIE-Image")
    ),
    Model(
        "irag-1.0",
        "image",
        220,
        capabilities=frozenset({"reference"}),
        source="https://cloud.baidu.com/doc/qianfan-api/s/8m7u6un8a",
        sizes=("1024x1024", "512x512", "2048x2048"),
        other_sizes=True,
    ),
    Model(
        "qwen-image-edit",
        "image",
        800,
        source="https://cloud.baidu.com/doc/qianfan-api/s/Rm9m76ekf",
        sizes=("1024x1024",),
        other_sizes=True,
    ),
    Model(
        "ernie-irag-edit",
        "image",
        220,
        capabilities=frozenset({"mask"}),
        source="https://cloud.baidu.com/doc/qianfan-api/s/Rm9m76ekf",
        sizes=("1024x1024",),
        other_sizes=True,
    ),
    Model(
        "flux.1-schnell",
        "image",
        512,
        retired="2026-09",
        source="https://cloud.baidu.com/doc/qianfan-api/s/8m7u6un8a",
        sizes=("1024x1024", "512x512", "2048x2048"),
        other_sizes=True,
    ),
    Model(
        "bge-large-zh",
        "embedding",
        2_000,
        512,
        path="/embeddings/bge_large_zh",
        source="https://ai.baidu.com/ai-doc/WENXINWORKSHOP/2m3dvnwso",
    ),
    Model(
        "bge-large-en",
        "embedding",
        2_000,
        512,
        path="/embeddings/bge_large_en",
        source="https://github.com/baidubce/bce-qianfan-sdk",
    ),
    Model(
        "tao-8k",
        "embedding",
        28_000,
        8_192,
        path="/embeddings/tao_8k",
        source="https://github.com/baidubce/bce-qianfan-sdk",
        batch=1,
    ),
    Model(
        "bce-reranker-base",
        "rerank",
        4_096,
        1_024,
        path="/reranker/bce_reranker_base",
        names=("bce-reranker-base_v1",),
        batch=64,
        source="https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74",
    ),
)

# Qianfan V1's other models, with their paths (from https://github.com/baidubce/bce-qianfan-sdk).
_V1_ONLY: tuple[Model, ...] = (
    *(
        _ernie(id_, "20k", letters, path, source=_V1)
        for id_, letters, path in (
            ("ERNIE-4.0-8K-Preview-0518", "T", "/chat/completions_adv_pro"),
            ("ERNIE-4.0-8K-0613", "", "/chat/ernie-4.0-8k-0613"),
            ("ERNIE-4.0-8K-0329", "T", "/chat/ernie-4.0-8k-0329"),
            ("ERNIE-4.0-8K-0104", "T", "/chat/ernie-4.0-8k-0104"),
            ("ERNIE-3.5-8K-0205", "T", "/chat/ernie-3.5-8k-0205"),
            ("ERNIE-3.5-8K-0329", "T", "/chat/ernie-3.5-8k-0329"),
            ("ERNIE-3.5-8K-0613", "T", "/chat/ernie-3.5-8k-0613"),
            ("ERNIE-3.5-8K-0701", "T", "/chat/ernie-3.5-8k-0701"),
            ("Qianfan-Dynamic-8K", "T", "/chat/qianfan-dynamic-8k"),
        )
    ),
    *(
        _ernie(id_, "24k", letters, path, names, source=_V1)
        for id_, letters, path, names in (
            ("ERNIE-Speed-Pro-8K", "P", "/chat/ernie-speed-pro-8k", ()),
            ("ERNIE-Lite-Pro-8K", "", "/chat/ernie-lite-pro-8k", ()),
            ("ERNIE-Lite-AppBuilder-8K-0614", "P", "/chat/ai_apaas_lite", ()),
            (
                "ernie-func-8k",
                "T",
                "/chat/ernie-func-8k",
                ("ERNIE-Function-8K", "ERNIE-Functions-8K"),
            ),
        )
    ),
    *(
        _ernie(id_, "11k", letters, path, names, source=_V1)
        for id_, letters, path, names in (
            (
                "ERNIE Speed-AppBuilder",
                "",
                "/chat/ai_apaas",
                ("EB-turbo-AppBuilder", "ERNIE-Bot-turbo-AI"),
            ),
            ("ERNIE-Lite-8K-0922", "", "/chat/eb-instant", ("ERNIE-Bot-turbo",)),
            ("ERNIE-Lite-V", "PV", "/chat/ernie-lite-v", ()),
        )
    ),
    *(
        _open(name, f"/chat/{tail}")
        for name, tail in (
            ("BLOOMZ-7B", "bloomz_7b1"),
            ("Llama-2-7B-Chat", "llama_2_7b"),
            ("Llama-2-13B-Chat", "llama_2_13b"),
            ("Llama-2-70B-Chat", "llama_2_70b"),
            ("Meta-Llama-3-8B", "llama_3_8b"),
            ("Meta-Llama-3-70B", "llama_3_70b"),
            ("Qianfan-BLOOMZ-7B-compressed", "qianfan_bloomz_7b_compressed"),
            ("Qianfan-Chinese-Llama-2-7B", "qianfan_chinese_llama_2_7b"),
            ("Qianfan-Chinese-Llama-2-13B", "qianfan_chinese_llama_2_13b"),
            ("Qianfan-Chinese-Llama-2-70B", "qianfan_chinese_llama_2_70b"),
            ("ChatGLM2-6B-32K", "chatglm2_6b_32k"),
            ("AquilaChat-7B", "aquilachat_7b"),
            ("XuanYuan-70B-Chat-4bit", "xuanyuan_70b_chat"),
            ("Yi-34B-Chat", "yi_34b_chat"),
            ("Mixtral-8x7B-Instruct", "mixtral_8x7b_instruct"),
            ("Gemma-7B-it", "gemma_7b_it"),
        )
    ),
    _open("ChatLaw", "/chat/chatlaw", ""),
    *(
        Model(
            name,
            "completion",
            4_800,
            capabilities=_abilities("K"),
            source="https://github.com/baidubce/bce-qianfan-sdk",
            path=f"/completions/{tail}",
            v2=False,
        )
        for name, tail in (
            ("SQLCoder-7B", "sqlcoder_7b"),
            ("CodeLlama-7b-Instruct", "codellama_7b_instruct"),
        )
    ),
    # A question about one picture (图生文).
    Model(
        "Fuyu-8B",
        "chat",
        unsupported=frozenset({"system"}),
        source="https://github.com/baidubce/bce-qianfan-sdk",
        path="/image2text/fuyu_8b",
        v2=False,
        v1_capabilities=frozenset({"vision"}),
    ),
)

CATALOGUE: tuple[Model, ...] = (*_CURRENT, *_SEEDS, *_V1_ONLY)
