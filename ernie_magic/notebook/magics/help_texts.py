"""The full help of each magic, built from the option tables; imported when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ernie_magic.api.default_model import expected_model
from ernie_magic.errors import ErnieError
from ernie_magic.notebook.magics import commands
from ernie_magic.notebook.magics.chat import CHAT_GRAMMAR
from ernie_magic.notebook.magics.embeddings import EMBED_GRAMMAR
from ernie_magic.notebook.magics.images import IMAGE_COMMANDS, IMAGE_GRAMMAR
from ernie_magic.notebook.magics.tables import MAP_GRAMMAR
from ernie_magic.text.language import Text, system_language

if TYPE_CHECKING:
    from ernie_magic.api.catalogue import Kind
    from ernie_magic.notebook.magics.options import Grammar
    from ernie_magic.session import Session

_CHAT = Text(
    """\
%%ernie [选项]
提示词

向文心模型提问，回答在下方流式显示。

例子
    %%ernie
    用一句话介绍北京

    %%ernie -m ernie-4.5-turbo-128k --temperature 0.3 --as answer
    把 {{city}} 的三个景点列成表格            {{表达式}} 取自你的变量

    %%ernie -s tutor --system "你是数学老师" --no-history
    为什么 $e^{i\\pi} = -1$？

    %%ernie --template 行程 --var city=杭州 --var days=3
    多写美食                                  模板作提示词，这里的文字接在它后面

    %%ernie --param min_p=0.05 --param 'chat_template_kwargs={"enable_thinking": false}'
    表中没有的字段照原样发送

值里有空格就加引号："…"、'…' 或 “…”。引号只在值的开头起作用，别处是普通字符（O'Brien），反斜杠也是

结果：ernie.last，--as NAME；历史：ernie.history；停止：中断内核（按两下 I）
""",
    """\
%%ernie [options]
prompt

Ask an ERNIE model; the answer streams below.

Examples
    %%ernie
    Introduce Beijing in one sentence.

    %%ernie -m ernie-4.5-turbo-128k --temperature 0.3 --as answer
    List three sights of {{city}} in a table     {{expr}} comes from your variables

    %%ernie -s tutor --system "You teach mathematics" --no-history
    Why is $e^{i\\pi} = -1$?

    %%ernie --template trip --var city=Hangzhou --var days=3
    Say more about the food.                     the template is the prompt, this follows it

    %%ernie --param min_p=0.05 --param 'chat_template_kwargs={"enable_thinking": false}'
    Fields that are not in the table are sent as they are.

A value with spaces goes in "…", '…' or “…”. A quote counts where a value begins; anywhere else it is
a character like any other (O'Brien), and so is a backslash (C:\\new).

Result: ernie.last, --as NAME; history: ernie.history; stop: interrupt the kernel (press I twice)
""",
)
_IMAGES = Text(
    """\
%%ernie_image [选项]
提示词

生成图片，缩略图和种子显示在下方。

例子
    %%ernie_image -n 2 --size 1024x1024 --style Anime --as cats
    一只白猫，红帽子

    %%ernie_image --seed 42 --save cat-{i}.png
    一只戴红帽子的白猫

    %%ernie_image --param quality=high
    表中没有的字段照原样发送

结果：ernie.last，ernie.images，--as NAME；cats[0]，cats.sheet()，cats.save("cat-{i}")
再生成：%ernie_image redo cat.png；%ernie_image vary cats[1] --style Base；%ernie_image show cat.png
""",
    """\
%%ernie_image [options]
prompt

Make pictures; thumbnails and seeds appear below.

Examples
    %%ernie_image -n 2 --size 1024x1024 --style Anime --as cats
    a white cat with a red hat

    %%ernie_image --seed 42 --save cat-{i}.png
    a white cat with a red hat

    %%ernie_image --param quality=high
    Fields that are not in the table are sent as they are.

Result: ernie.last, ernie.images, --as NAME; cats[0], cats.sheet(), cats.save("cat-{i}")
Again: %ernie_image redo cat.png; %ernie_image vary cats[1] --style Base; %ernie_image show cat.png
""",
)
_EMBEDDINGS = Text(
    """\
%%ernie_embed [选项]
每行一条文本

把文本变成向量，多少条都可以；相同的文本和算过的只请求一次。

例子
    %%ernie_embed --as vectors
    推荐一些美食
    给我讲个故事

    %ernie_heat vectors
    %ernie_search vectors 好吃的
    %ernie_map2d vectors

    %%ernie_embed --param encoding_format=float
    表中没有的字段照原样发送

结果：ernie.last，--as NAME；np.asarray(vectors)，vectors.shape，vectors.texts
""",
    """\
%%ernie_embed [options]
one text per line

Vectors of any number of texts; duplicates and known texts are not requested again.

Examples
    %%ernie_embed --as vectors
    recommend some good food
    tell me a story

    %ernie_heat vectors
    %ernie_search vectors something tasty
    %ernie_map2d vectors

    %%ernie_embed --param encoding_format=float
    Fields that are not in the table are sent as they are.

Result: ernie.last, --as NAME; np.asarray(vectors), vectors.shape, vectors.texts
""",
)
_TABLES = Text(
    """\
%%ernie_map 表 [选项]
提示词，用 {{列名}} 取该行的值

对表的每一行提问；回答随到随存，中断后用 --resume 接着来。

例子
    %%ernie_map df --to "情感, 分数:int" --as out
    判断这条评论的情感，并打 1 到 5 分：{{评论}}

    %%ernie_map df --col text --as out --resume
    译成英文。

    %%ernie_map df --template 翻译 --var lang=英文 --col 评论
    模板的其他变量取自同名的列

    %%ernie_map df --col text --param min_p=0.05
    表中没有的字段照原样发送

结果：--as NAME 是同类的表；ernie.last.errors，ernie.last.usage
""",
    """\
%%ernie_map TABLE [options]
prompt, with {{column}} for a row's value

Ask about each row of a table; answers are saved as they arrive, and --resume continues.

Examples
    %%ernie_map df --to "sentiment, score:int" --as out
    Judge this review, and rate it from 1 to 5: {{review}}

    %%ernie_map df --col text --as out --resume
    Translate into English.

    %%ernie_map df --template translate --var lang=German --col review
    Other variables of the template are columns of that name.

    %%ernie_map df --col text --param min_p=0.05
    Fields that are not in the table are sent as they are.

Result: --as NAME is a table of the same kind; ernie.last.errors, ernie.last.usage
""",
)
_CELLS: dict[str, tuple[Text, Grammar]] = {
    "%%ernie": (_CHAT, CHAT_GRAMMAR),
    "%%ernie_image": (_IMAGES, IMAGE_GRAMMAR),
    "%%ernie_embed": (_EMBEDDINGS, EMBED_GRAMMAR),
    "%%ernie_map": (_TABLES, MAP_GRAMMAR),
}


_LINES = {
    "%ernie_heat": Text(
        "%ernie_heat 变量 [--invalid skip]\n\n两两相似度的热图。\n\n"
        "变量是 ernie.embed 的结果，或文本列表、列：%ernie_heat vectors",
        "%ernie_heat VARIABLE [--invalid skip]\n\nPairwise similarities, as a heat map.\n\n"
        "The variable holds a result of ernie.embed, or a list or column of texts: "
        "%ernie_heat vectors",
    ),
    "%ernie_map2d": Text(
        "%ernie_map2d 变量 [--method pca|umap] [--invalid skip]\n\n相近的文本靠在一起的平面图。\n\n"
        "例如 %ernie_map2d vectors",
        "%ernie_map2d VARIABLE [--method pca|umap] [--invalid skip]\n\nTexts as points on a "
        "plane, similar texts near each other.\n\nFor example: %ernie_map2d vectors",
    ),
    "%ernie_search": Text(
        "%ernie_search 变量 问题 [-k 5] [--invalid skip]\n\n按含义查找最相近的文本。\n\n"
        "例如 hits = %ernie_search vectors 好吃的\n\n"
        "结果：hits[0].text、.score、.index，pd.DataFrame(hits)；Python 里 ernie.search(问题, 文本)",
        "%ernie_search VARIABLE QUERY [-k 5] [--invalid skip]\n\nThe texts closest in meaning to a "
        "query.\n\n"
        "For example: hits = %ernie_search vectors something tasty\n\n"
        "Result: hits[0].text, .score, .index, pd.DataFrame(hits); in Python "
        "ernie.search(QUERY, TEXTS)",
    ),
}


def describe_magic(magic: str, session: Session | None = None) -> str:
    """The help of a magic.

    Parameters
    ----------
    magic
        As typed: "%%ernie".
    session
        Its language is used, and its default model's ranges are shown; without one, the locale's
        language and the table's ranges.
    """
    language = system_language()
    if session is not None:
        language = session.settings.interface_language
    if magic in _CELLS:
        introduction, grammar = _CELLS[magic]
        options = grammar.describe_options(
            language,
            default_model_of(session, grammar.kind),
            knows_ranges=session is None or _knows_ranges(session),
        )
        return f"{introduction.say(language)}\n{options}\n"
    if magic in _LINES:
        return _LINES[magic].say(language)
    if magic == "%ernie_image":
        lines = [
            f"    %ernie_image {word:<10}{help_.say(language)}"
            for word, help_ in IMAGE_COMMANDS.items()
        ]
        return "\n".join(["%ernie_image WORD", "", *lines])
    return commands.describe_commands(language)


def _knows_ranges(session: Session) -> bool:
    """Whether the service in use takes the numbers of the table: one of another make has its own."""
    try:
        return session.settings.choose_service().strict
    except ErnieError:  # reported by the call
        return True


def default_model_of(session: Session | None, kind: Kind) -> str:
    """The model that a call would use, as far as is known without the network."""
    if session is None:
        return ""
    try:
        service = session.settings.choose_service()
    except ErnieError:  # reported by the call
        return ""
    return expected_model(kind, session.settings, service.name, session.listed_models())
