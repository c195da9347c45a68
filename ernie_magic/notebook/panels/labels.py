"""What a parameter is called in a panel: a word; the API's own name is in its tooltip."""

from __future__ import annotations

from ernie_magic.text.language import Language, Text

LABELS = {
    "temperature": Text("温度", "Temperature"),
    "top_p": Text("核采样", "Top P"),
    "top_k": Text("候选词数", "Top K"),
    "penalty_score": Text("重复惩罚（文心）", "Repetition (ERNIE)"),
    "repetition_penalty": Text("重复惩罚（其他模型）", "Repetition (others)"),
    "max_tokens": Text("最长回答（不含思考）", "Max without thinking"),
    "thinking": Text("思考（DeepSeek 等）", "Thinking (DeepSeek etc.)"),
    "thinking_budget": Text("思考长度", "Thinking budget"),
    "reasoning_effort": Text("思考力度", "Reasoning effort"),
    "thinking_strategy": Text("思考方式", "Thinking strategy"),
    "refer_image": Text("参考图", "Reference picture"),
    "feature": Text("改法", "Kind of edit"),
    "prompt_extend": Text("扩写提示词", "Extend prompt"),
    "retry_count": Text("最多发送几次", "Attempts"),
    "request_timeout": Text("超时（秒）", "Timeout (s)"),
    "backoff_factor": Text("重试等待", "Retry wait"),
    "frequency_penalty": Text("频率惩罚", "Frequency penalty"),
    "presence_penalty": Text("话题惩罚", "Presence penalty"),
    "max_completion_tokens": Text("最大长度", "Max length"),
    "min_output_tokens": Text("最小长度", "Min length"),
    "stop": Text("停止词", "Stop words"),
    "seed": Text("随机种子", "Seed"),
    "response_format": Text("输出格式", "Answer format"),
    "web_search": Text("联网搜索", "Web search"),
    "enable_thinking": Text("深度思考", "Thinking"),
    "disable_search": Text("关闭搜索", "Disable search"),
    "enable_citation": Text("引用来源", "Citations"),
    "negative_prompt": Text("反向提示词", "Negative prompt"),
    "size": Text("尺寸", "Size"),
    "n": Text("张数", "Pictures"),
    "style": Text("风格", "Style"),
    "steps": Text("迭代步数", "Steps"),
    "num_inference_steps": Text("推理步数", "Inference steps"),
    "cfg_scale": Text("提示词相关性", "Prompt strength"),
    "guidance_scale": Text("提示词引导", "Guidance"),
    "sampler_index": Text("采样器", "Sampler"),
    "use_pe": Text("润色提示词", "Improve prompt"),
    "watermark": Text("水印", "Watermark"),
}


def label_parameter(name: str, language: Language) -> str:
    """The word for a parameter; its own name if it has none."""
    if name in LABELS:
        return LABELS[name].say(language)
    return name
