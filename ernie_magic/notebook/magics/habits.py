"""Words that people type out of habit, from other tools or in Chinese, and what they are here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.calls.chat.conversations import IS_CONVERSATION
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import DID_YOU_MEAN, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_USE_MAGIC = Text(
    "用 %%{magic}，提示词写在下一行", "use %%{magic}, with the prompt on the next line"
)
_USE_LINE = Text("用 {line}", "use {line}")
HELP_WORDS = frozenset({"help", "--help", "-h", "?", "commands", "帮助", "命令", "用法"})
# Commands of `%ernie` by other words for them.
COMMAND_HABITS = {
    word: command
    for command, words in {
        "reset": "clear forget new restart 清除 清理 清空 重置 重来 忘记 新对话",
        "history": "log logs turns messages chats conversations 历史 记录 对话",
        "usage": "cost costs tokens price stats bill 用量 费用 花费 账单",
        "limits": "quota rate rates throttle 限制 限流 频率 配额",
        "config": "set settings option options preferences 设置 配置 参数 选项",
        "use": "provider switch connect select 切换 使用 选择 服务",
        "doctor": "check status test ping diagnose version login key keys 诊断 检查 状态 密钥 版本",
        "models": "ls 模型 模型列表",
        "lang": "locale translate 语言 界面语言",
        "panel": "ui gui sliders chatbox 面板 界面 滑块",
        "template": "prompt prompts 模板 提示词 提示词模板",
        "knowledge": "kb rag documents 知识库 文档",
        "apps": "agents bots 应用 智能体",
        "datasets": "data 数据集 数据",
        "tuning": "train training finetune finetuning fine-tune sft 训练 精调 微调 调优",
        "batches": "jobs queue 批量 批处理 任务",
        "services": "deployments endpoints 部署",
    }.items()
    for word in words.split()
}
# Words that are no command, and the cell magic that does what they say.
_CELL_MAGICS = {
    word: magic
    for magic, words in {
        "ernie": "chat ask stream question say 提问 问 聊天 聊",
        "ernie_image": "image images draw paint picture pictures 图片 画图 画 绘图",
        "ernie_embed": "embed embedding embeddings vector vectors 向量",
        "ernie_map": "map table rows 表格 逐行",
    }.items()
    for word in words.split()
}
_LINES = {
    "search": "%ernie_search",
    "查找": "%ernie_search",
    "搜索": "%ernie_search",
    "heat": "%ernie_heat",
    "map2d": "%ernie_map2d",
    **{word: f"%ernie_image {word}" for word in ("redo", "vary", "show", "download")},
    **dict.fromkeys(("save", "export", "保存"), 'ernie.conversation.save("chat.json")'),
    **dict.fromkeys(
        ("regenerate", "retry", "again", "重新回答"), "ernie.conversation.regenerate()"
    ),
    **dict.fromkeys(("undo", "pop", "撤销"), "ernie.history.pop()"),
    **dict.fromkeys(("fork", "branch", "分支"), "ernie.conversation.fork()"),
    **dict.fromkeys(("rename", "改名"), 'ernie["tutor"].rename("maths")'),
    **dict.fromkeys(("del", "delete", "删除"), 'del ernie["tutor"]'),
    **dict.fromkeys(("load", "import", "open", "读取"), 'ernie.load_conversation("chat.json")'),
}
# The same of one conversation, or of a file, whose name follows.
_OF_CONVERSATION = {
    'ernie.conversation.save("chat.json")': 'ernie["{name}"].save("{name}.json")',
    "ernie.conversation.regenerate()": 'ernie["{name}"].regenerate()',
    "ernie.history.pop()": 'ernie["{name}"].history.pop()',
    "ernie.conversation.fork()": 'ernie["{name}"].fork()',
    'ernie["tutor"].rename("maths")': 'ernie["{name}"].rename("maths")',
    'del ernie["tutor"]': 'del ernie["{name}"]',
}
_OF_FILE = {
    'ernie.conversation.save("chat.json")': 'ernie.conversation.save("{name}")',
    'ernie.load_conversation("chat.json")': 'ernie.load_conversation("{name}")',
}
_SWITCHES = frozenset(["switch", "select", "connect", "切换", "选择"])
PANEL_HABITS = {
    word: tab
    for tab, words in {
        "chat": "chats 聊天 对话 提问",
        "image": "images picture pictures 图片 画图 画",
        "embed": "embedding embeddings vector vectors 向量 嵌入",
        "compare": "comparison 对比 比较",
    }.items()
    for word in words.split()
}
IMAGE_HABITS = {
    word: command
    for command, words in {
        "redo": "again repeat regenerate rerun remake 重画 重新生成 再画 再来",
        "vary": "change modify variation variations edit 变化 修改 改 改一点",
        "show": "open view display info recipe 显示 查看 打开 参数",
        "download": "get fetch save 下载 保存",
    }.items()
    for word in words.split()
}


def suggest_command(
    word: str, commands: Mapping[str, Text], habits: Mapping[str, str]
) -> Text | None:
    """Return which command a word means; None if it resembles none.

    Parameters
    ----------
    commands
        The commands there are, with their help: a Chinese word may describe one.
    habits
        Commands by other words for them.
    """
    if meant := habits.get(word.lower()):
        return DID_YOU_MEAN.fill(close=meant)
    if word.isascii():
        return did_you_mean(word, commands)
    named = [name for name, help_ in commands.items() if word in help_.zh]
    if not named:
        return None
    return DID_YOU_MEAN.fill(close=", ".join(named[:3]))


def find_magic(word: str) -> str:
    """Return the magic that does what a word says, as it is typed; "" for none."""
    word = word.lower()
    if command := COMMAND_HABITS.get(word):
        return f"%ernie {command}"
    if magic := _CELL_MAGICS.get(word):
        return f"%%{magic}"
    line = _LINES.get(word, "")
    return line.partition(" ")[0] if line.startswith("%") else ""


def suggest_magic(word: str, name: str = "", conversations: Collection[str] = ()) -> Text | None:
    """Return what does what a word says where `%ernie` has no such command; None for no such
    thing.

    Parameters
    ----------
    name
        What follows the word: the name of a conversation or of a file.
    conversations
        The names of those that are there.
    """
    word = word.lower()
    if name in conversations and word in _SWITCHES:
        return IS_CONVERSATION.fill(name=name)
    if magic := _CELL_MAGICS.get(word):
        return _USE_MAGIC.fill(magic=magic)
    if line := _LINES.get(word):
        named = _OF_CONVERSATION if name in conversations else _OF_FILE
        if name and line in named:
            line = named[line].format(name=name)
        return _USE_LINE.fill(line=line)
    return None
