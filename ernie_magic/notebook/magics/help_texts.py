"""The full help of each magic, built from the option tables; imported when somebody asks for it."""

from __future__ import annotations

from ernie_magic.notebook.magics import commands
from ernie_magic.notebook.magics.chat import CHAT_GRAMMAR
from ernie_magic.notebook.magics.embeddings import EMBED_GRAMMAR
from ernie_magic.notebook.magics.images import IMAGE_COMMANDS, IMAGE_GRAMMAR
from ernie_magic.notebook.magics.tables import MAP_GRAMMAR

CELL_HELP = f"""\
%%ernie [选项 / options]
提示词 / prompt

向文心模型提问，回答在下方流式显示。 Ask an ERNIE model; the answer streams below.

例 / Examples
    %%ernie
    用一句话介绍北京

    %%ernie -m ernie-4.5-turbo-128k --temperature 0.3 --as answer
    把 {{{{city}}}} 的三个景点列成表格            {{{{表达式}}}} 取自变量 / from your variables

    %%ernie -s tutor --system "你是数学老师" --no-history
    Why is $e^{{i\\pi}} = -1$?

    %%ernie --param min_p=0.05 --param 'chat_template_kwargs={{"enable_thinking": false}}'
    表中没有的字段照原样发送 / fields that are not in the table are sent as they are

结果 / Result: ernie.last, --as NAME; 历史 / history: ernie.history; 停止 / stop: 中断内核 interrupt the kernel (I I)

选项 / Options
{CHAT_GRAMMAR.describe_options()}
"""


IMAGE_HELP = f"""\
%%ernie_image [选项 / options]
提示词 / prompt

生成图片，缩略图和种子显示在下方。 Make pictures; thumbnails and seeds appear below.

例 / Examples
    %%ernie_image -n 2 --size 1024x1024 --style Anime --as cats
    一只白猫, 红帽子

    %%ernie_image --seed 42 --save cat-{{i}}.png
    a white cat with a red hat

    %%ernie_image --param quality=high
    表中没有的字段照原样发送 / a field that is not in the table is sent as it is

结果 / Result: ernie.last, ernie.images, --as NAME; cats[0], cats.sheet(), cats.save("cat-{{i}}")
再生成 / again: %ernie_image redo cat.png; %ernie_image vary cats[1] --style Base; %ernie_image show cat.png

选项 / Options
{IMAGE_GRAMMAR.describe_options()}
"""

EMBED_HELP = f"""\
%%ernie_embed [选项 / options]
每行一条文本 / one text per line

把文本变成向量，多少条都可以；相同的文本和算过的只请求一次。 Vectors of any number of texts; duplicates and known texts are not requested again.

例 / Examples
    %%ernie_embed --as vectors
    推荐一些美食
    给我讲个故事

    %ernie_heat vectors
    %ernie_search vectors 好吃的
    %ernie_map2d vectors

    %%ernie_embed --param encoding_format=float
    表中没有的字段照原样发送 / a field that is not in the table is sent as it is

结果 / Result: ernie.last, --as NAME; np.asarray(vectors), vectors.shape, vectors.texts

选项 / Options
{EMBED_GRAMMAR.describe_options()}
"""

MAP_HELP = f"""\
%%ernie_map 表 / TABLE [选项 / options]
提示词，用 {{{{列名}}}} / prompt with {{{{column}}}}

对表的每一行提问；回答随到随存，中断后用 --resume 接着来。 Ask about each row of a table; answers are saved as they arrive, and --resume continues.

例 / Examples
    %%ernie_map df --to "情感, 分数:int" --as out
    判断这条评论的情感，并打 1 到 5 分：{{{{评论}}}}

    %%ernie_map df --col text --as out --resume
    Translate into English.

    %%ernie_map df --col text --param min_p=0.05
    表中没有的字段照原样发送 / a field that is not in the table is sent as it is

结果 / Result: --as NAME 是同类的表 / is a table of the same kind; ernie.last.errors, ernie.last.usage

选项 / Options
{MAP_GRAMMAR.describe_options()}
"""

COMMAND_HELP = "%ernie_image WORD\n\n" + "\n".join(
    f"    %ernie_image {word:<10}{help_.zh} / {help_.en}" for word, help_ in IMAGE_COMMANDS.items()
)


HELP = {
    "%%ernie": CELL_HELP,
    "%%ernie_embed": EMBED_HELP,
    "%%ernie_image": IMAGE_HELP,
    "%%ernie_map": MAP_HELP,
    "%ernie": commands.COMMANDS_HELP,
    "%ernie_image": COMMAND_HELP,
}
