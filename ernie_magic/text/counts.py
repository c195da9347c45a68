"""How many there are of what several rooms count: `3 rows`, in Chinese `3 行`."""

from __future__ import annotations

from ernie_magic.text.language import counted

MODELS = counted("个模型", "model")
PICTURES = counted("张图片", "picture")
REQUESTS = counted("次请求", "request")
ROWS = counted("行", "row")
SAMPLES = counted("个样本", "sample")
TOKENS = counted("token", "token")
