"""The models that the emulator tunes, with the hyper-parameters of each way to do it.

The names and ranges are those that Baidu's cookbook shows for ERNIE-Speed-8K
(https://github.com/baidubce/bce-qianfan-sdk, `cookbook/awesome_demo/essay_scoring`).
"""

from __future__ import annotations

from typing import Any, NamedTuple


class _Parameter(NamedTuple):
    key: str
    type: str
    check: str
    allowed: tuple[Any, ...]
    default: Any
    label: str
    description: str

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "type": self.type,
            "checkType": self.check,
            "checkValue": list(self.allowed),
            "default": self.default,
            "name": self.label,
            "description": self.description,
        }


_LENGTHS = (512, 1024, 2048, 4096, 8192)
_LONG_LENGTHS = (4096, 8192, 16384, 32768)
_EPOCH = _Parameter("epoch", "int", "range", (1, 50), 1, "迭代轮次", "训练集被完整学习的次数")
_FULL_RATE = _Parameter(
    "learningRate", "float", "range", (1e-06, 4e-05), 3e-05, "学习率", "过高难以收敛，过低收敛慢"
)
_LORA_RATE = _Parameter(
    "learningRate", "float", "range", (1e-06, 1e-03), 3e-04, "学习率", "过高难以收敛，过低收敛慢"
)
_LENGTH = _Parameter(
    "maxSeqLen", "int", "choice", _LENGTHS, 4096, "序列长度", "单条数据的最大 token 数"
)
_LONG_LENGTH = _Parameter(
    "maxSeqLen", "int", "choice", _LONG_LENGTHS, 4096, "序列长度", "单条数据的最大 token 数"
)
_BATCH = _Parameter("batchSize", "int", "range", (1, 32), 4, "批处理大小", "一步训练的数据条数")
_LOGGING = _Parameter(
    "loggingSteps", "int", "range", (1, 100), 1, "保存日志间隔", "每隔多少步记一次日志"
)
_WARMUP = _Parameter(
    "warmupRatio", "float", "range", (0.01, 0.5), 0.1, "预热比例", "学习率预热的步数占比"
)
_DECAY = _Parameter(
    "weightDecay", "float", "range", (0.0001, 0.1), 0.01, "正则化系数", "防止对训练数据过拟合"
)
_ACCUMULATION = _Parameter(
    "gradientAccumulationSteps", "int", "range", (0, 32), 0, "梯度累积步数", "累加多步梯度再更新"
)
_SAMPLING = _Parameter(
    "pseudoSamplingProb", "float", "range", (0, 1), 0, "伪多轮拼接概率", "拼接数据以提升长文本效果"
)
_CHECKPOINTS = _Parameter(
    "checkpointCount", "int", "range", (1, 10), 1, "Checkpoint 保存个数", "最终保存的个数"
)
_SAVE_STEP = _Parameter(
    "saveStep",
    "int",
    "choice",
    (64, 128, 256, 512, 1024, 2048, 4096),
    64,
    "Checkpoint 保存间隔",
    "每隔多少步保存一次",
)
_SCHEDULER = _Parameter(
    "schedulerName", "string", "choice", ("linear", "cosine"), "linear", "学习率调度", ""
)
_RANK = _Parameter("loraRank", "int", "choice", (2, 4, 8), 8, "LoRA 秩", "低秩矩阵的秩")
_ALL_LINEAR = _Parameter(
    "loraAllLinear",
    "string",
    "choice",
    ("True", "False"),
    "True",
    "LoRA 所有线性层",
    "是否作用于所有线性层",
)
_MODULES = _Parameter(
    "loraTargetModules",
    "string",
    "mult_choice",
    ("q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "down_proj"),
    ["q_proj", "v_proj"],
    "LoRA 参数层",
    "LoRA 作用的参数层",
)
_PACKING = _Parameter(
    "Packing", "boolean", "choice", (True, False), True, "数据拼接", "把短数据拼成一条"
)
_COMMON = (_LOGGING, _WARMUP, _DECAY, _ACCUMULATION, _SAMPLING)
_FULL = (_EPOCH, _FULL_RATE, _LENGTH, *_COMMON, _CHECKPOINTS, _SAVE_STEP)
_LORA = (_EPOCH, _LORA_RATE, _LENGTH, *_COMMON, _RANK, _ALL_LINEAR)
_LONG_FULL = (_EPOCH, _FULL_RATE, _LONG_LENGTH, _BATCH, _PACKING, _SCHEDULER, _SAVE_STEP)
_LONG_LORA = (_EPOCH, _LORA_RATE, _LONG_LENGTH, _BATCH, _PACKING, _SCHEDULER, _RANK, _MODULES)
_PREFERENCE = (_EPOCH, _FULL_RATE, _LENGTH, _WARMUP, _DECAY)

# By model: by mode: by the parameters that are changed.
_MODELS: dict[str, dict[str, dict[str, tuple[_Parameter, ...]]]] = {
    "ERNIE-Speed-8K": {
        "SFT": {"FullFineTuning": _FULL, "LoRA": _LORA},
        "PostPretrain": {"FullFineTuning": (_EPOCH, _FULL_RATE, _LENGTH)},
        "DPO": {"FullFineTuning": _PREFERENCE},
    },
    "ERNIE-Lite-8K-0308": {
        "SFT": {"FullFineTuning": _FULL, "LoRA": _LORA},
        "DPO": {"FullFineTuning": _PREFERENCE},
        "KTO": {"FullFineTuning": _PREFERENCE},
    },
    "ERNIE-4.5-21B-A3B": {
        "SFT": {"FullFineTuning": _LONG_FULL, "LoRA": _LONG_LORA},
        "DPO": {"FullFineTuning": _PREFERENCE, "LoRA": (*_PREFERENCE, _RANK)},
    },
}
# Names from before, which the official client still has.
_FORMER_NAMES = {"ernie-speed": "ERNIE-Speed-8K", "ernie-lite": "ERNIE-Lite-8K-0308"}


def list_tunable_models() -> list[dict[str, Any]]:
    """Return the models as the service lists them."""
    return [
        {
            "model": model,
            "modelType": "text2text",
            "supportTrainMode": [_mode_json(mode, scales) for mode, scales in modes.items()],
        }
        for model, modes in _MODELS.items()
    ]


def _mode_json(mode: str, scales: dict[str, tuple[_Parameter, ...]]) -> dict[str, Any]:
    return {
        "trainMode": mode,
        "supportParameterScale": [
            {
                "parameterScale": scale,
                "supportHyperParameterConfig": [each.as_json() for each in parameters],
            }
            for scale, parameters in scales.items()
        ],
    }


def find_tunable_model(name: object) -> str:
    """Return a model's name as it is listed; "" where it cannot be tuned."""
    sought = str(name).lower()
    if sought in _FORMER_NAMES:
        return _FORMER_NAMES[sought]
    return next((model for model in _MODELS if model.lower() == sought), "")


def scales_of(model: str, mode: str) -> tuple[str, ...]:
    """Return which parameters may be changed in a mode; () where a model has no such mode."""
    return tuple(_MODELS.get(model, {}).get(mode, ()))


def first_unfit(model: str, mode: str, scale: str, values: dict[str, Any]) -> str:
    """Return the name of the first hyper-parameter whose value is not allowed, "" for none; those
    that it does not know are ignored, as the service does with fields that it does not know.
    """
    known = {each.key: each for each in _MODELS[model][mode][scale]}
    for key, value in values.items():
        if key in known and not _fits(known[key], value):
            return key
    return ""


def _fits(parameter: _Parameter, value: Any) -> bool:
    if parameter.check == "mult_choice":
        return isinstance(value, list) and all(each in parameter.allowed for each in value)
    if parameter.check == "choice":
        return value in parameter.allowed
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if parameter.type == "int":
        is_number = is_number and value == int(value)
    low, high = parameter.allowed
    return is_number and low <= value <= high
