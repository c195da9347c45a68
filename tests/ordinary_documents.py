r"""Thirty answers as models write them, with what must be seen of each.

Expectations: `formulas` that are typeset, `tables`, `boxes` of task lists, `coloured` kinds of code
spans at least, `links`, `shown` words that stay as they are, `absent` words that must not appear
(they were markup).
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ordinary:
    name: str
    text: str
    formulas: int = 0
    tables: int = 0
    boxes: int = 0
    coloured: int = 0
    links: int = 0
    elements: dict = field(default_factory=dict)
    shown: tuple = ()
    absent: tuple = ()


CODE = {
    "python": 'import re\n\n\ndef f(x: int) -> str:\n    """Say it."""\n    return f"{x + 1} $5"  # a comment',
    "javascript": "const f = (x) => `${x + 1}`; // a comment\nconsole.log(f(1));",
    "bash": 'for f in *.txt; do\n  echo "$HOME/$f"  # a comment\ndone',
    "java": "public class A {\n    // a comment\n    static int f(int x) { return x + 1; }\n}",
    "c": '#include <stdio.h>\nint main(void) { printf("%d\\n", 1 < 2); return 0; }',
    "sql": "SELECT name, COUNT(*) FROM t WHERE x > 1 GROUP BY name; -- a comment",
    "json": '{"name": "文心", "n": 1, "ok": true}',
    "html": '<!-- a comment -->\n<p class="x">1 &lt; 2 <b>x</b></p>',
    "yaml": "name: x  # a comment\nlist:\n  - 1\n  - two",
    "rust": 'fn main() { let x: u8 = 1; println!("{}", x + 1); }',
    "go": 'package main\n\nfunc f(x int) string { return "a" }',
    "cpp": "template <typename T> T f(T x) { return x << 1; } // a comment",
}
EIGHT = ("python", "javascript", "bash", "java", "c", "sql", "json", "html")


def fence(name, inside=""):
    return f"```{name}\n{inside or CODE[name]}\n```"


DOCUMENTS = [
    Ordinary(
        "inline formulas",
        "质能方程 $E=mc^2$，圆周率 $\\pi \\approx 3.14$，当 $n=5$ 时有 $x_1 < x_2$，且 $a_{i,j} "
        "> 0$。",
        5,
    ),
    Ordinary(
        "display formulas",
        "二次方程的根：\n\n$$\nx = \\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}\n$$\n\n其中 $a \\ne 0$。"
        "\n\n$$\\int_0^1 x^2\\,dx = \\frac13$$",
        3,
    ),
    Ordinary(
        "round brackets", "设 \\(f(x) = x^2\\)，则 \\(f'(x) = 2x\\)。所以 \\( n \\) 是偶数。", 3
    ),
    Ordinary(
        "square brackets",
        "欧拉公式：\n\n\\[ e^{i\\pi} + 1 = 0 \\]\n\n和\n\n\\[\n\\sum_{k=1}^{n} k = "
        "\\frac{n(n+1)}{2}\n\\]\n\n完。",
        2,
    ),
    Ordinary(
        "environments",
        "$$\n\\begin{align}\na &= b + c \\\\\n  &= d\n\\end{align}\n$$\n\n$$f(x) = "
        "\\begin{cases} 1 & x > 0 \\\\ 0 & x \\le 0 \\end{cases}$$\n\n$$A = \\begin{pmatrix} 1 & "
        "2 \\\\ 3 & 4 \\end{pmatrix}, \\quad \\begin{bmatrix} a \\\\ b \\end{bmatrix}$$",
        3,
    ),
    Ordinary(
        "a bare environment",
        "推导如下：\n\n\\begin{equation}\nE = mc^2\n\\end{equation}\n\n\\begin{align*}\nx &= 1 "
        "\\\\\ny &= 2\n\\end{align*}",
        2,
    ),
    Ordinary(
        "formulas in a list",
        "1. 速度 $v = \\frac{s}{t}$\n2. 加速度 \\(a = \\frac{v}{t}\\)\n3. 动能：\n\n   $$E_k = "
        "\\frac12 mv^2$$\n\n4. 完",
        3,
        elements={"ol > li": 4},
    ),
    Ordinary(
        "formulas in a table",
        "| 名称 | 公式 |\n|---|---|\n| 面积 | $S = \\pi r^2$ |\n| 绝对值 | $\\lvert x \\rvert$ "
        "|\n| 周长 | \\(C = 2\\pi r\\) |",
        3,
        1,
    ),
    Ordinary(
        "prices",
        "It costs $5 and $10, or US$100. 价格是$5到$10之间。Between $1,000 and $2,000 (about "
        "$3–$4). The set $HOME/$PATH stays.",
        0,
        shown=("costs $5 and $10, or US$100", "$5到$10", "$1,000 and $2,000", "$HOME/$PATH"),
    ),
    Ordinary(
        "prices beside formulas",
        "每个 $5，共 $n$ 个，总价 $5n$ 元；另付 $3。",
        2,
        shown=("每个 $5，共",),
    ),
    Ordinary(
        "a table with alignment",
        "| 左 | 中 | 右 |\n|:---|:---:|---:|\n| a | b | 1 |\n| **粗** | `x` | 22 |\n| "
        "[链接](https://example.com) | ~~删~~ | 333 |",
        0,
        1,
        links=1,
        elements={"td": 9, "th": 3},
    ),
    Ordinary(
        "a wide table",
        "| "
        + " | ".join(f"第{i}列" for i in range(12))
        + " |\n"
        + "|---" * 12
        + "|\n"
        + ("| " + " | ".join("内容内容" for _ in range(12)) + " |\n") * 3,
        0,
        1,
        elements={"td": 36},
    ),
    Ordinary(
        "nested lists",
        "- 水果\n  - 苹果\n    - 红富士\n    - 国光\n  - 梨\n- 蔬菜\n  1. 白菜\n  2. 萝卜\n\n3. "
        "从三开始\n4. 四",
        elements={"ul ul ul > li": 2, "ul ol > li": 2, "ol[start='3'] > li": 2},
    ),
    Ordinary(
        "task lists",
        "- [x] 做完了\n- [ ] 没做完 **重要**\n- 平常的\n  - [x] 里面的",
        boxes=3,
        shown=("做完了", "平常的"),
        absent=("[x]", "[ ]"),
    ),
    Ordinary(
        "code one",
        "\n\n".join(fence(name) for name in EIGHT[:4]),
        coloured=12,
        elements={"pre": 4},
        shown=('return f"{x + 1} $5"', 'echo "$HOME/$f"'),
    ),
    Ordinary(
        "code two",
        "\n\n".join(fence(name) for name in EIGHT[4:]),
        coloured=12,
        elements={"pre": 4},
        shown=("#include <stdio.h>", '<p class="x">1 &lt; 2 <b>x</b></p>'),
    ),
    Ordinary(
        "code three",
        "\n\n".join(fence(name) for name in ("yaml", "rust", "go", "cpp"))
        + "\n\n"
        + fence("", "no language <b>"),
        coloured=10,
        elements={"pre": 5},
        shown=("no language <b>",),
    ),
    Ordinary(
        "inline code",
        "用 `pip install ernie`、`a < b && c`、`$HOME`、``a `b` c`` 和 `\\(x\\)`，还有 `<br>`。",
        elements={"code": 6},
        shown=("$HOME", "a < b && c", "a `b` c", "\\(x\\)", "<br>"),
    ),
    Ordinary(
        "Chinese",
        "## 北京\n\n**北京**是中华人民共和国的首都，*历史悠久*。“故宫”、《红楼梦》、……——都很有名。"
        "\n\n中文**加粗**紧挨着文字，以及**“引号”**。\n\n换行\n在这里。",
        elements={"strong": 2, "em": 1},
        shown=("“故宫”、《红楼梦》",),
    ),
    Ordinary(
        "emoji",
        "你好 👋🏽！🎉 家庭 👨‍👩‍👧‍👦，国旗 🇨🇳，❤️。\n\n- ✅ 完成\n- ❌ 失败",
        shown=("👋🏽", "👨‍👩‍👧‍👦", "🇨🇳", "✅ 完成"),
    ),
    Ordinary(
        "links",
        "[文心](https://yiyan.baidu.com)、<https://example.com/a?b=1&c=2>、"
        '[带标题](https://example.com "标题")、[引用][1]、写信 <mailto:a@example.com>，以及 '
        "https://bare.example.com/x。\n\n[1]: https://example.org",
        links=5,
        shown=("文心", "引用", "https://bare.example.com/x"),
    ),
    Ordinary(
        "quotes",
        "> 学而时习之，\n> 不亦说乎？\n>\n> > 里面的\n>\n> - 列表\n>\n> ```python\n> x = 1\n> "
        "```\n\n外面",
        elements={"blockquote": 2, "blockquote li": 1, "blockquote pre": 1},
        coloured=1,
    ),
    Ordinary(
        "strikethrough and emphasis",
        "~~删掉~~ 和 **粗**、*斜*、***又粗又斜***、_下划线_、__两条__，snake_case_name 不变，"
        "2*3*4。",
        elements={"strong": 3},
        shown=("snake_case_name", "2"),
        absent=("~~",),
    ),
    Ordinary(
        "headings",
        "# 一级\n\n正文\n\n## 二级\n\n### 三级\n\n#### 四级\n\n##### 五级\n\n###### "
        "六级\n\n另一个\n===\n\n还有\n---",
        shown=("一级", "六级", "另一个"),
    ),
    Ordinary(
        "rules and breaks",
        "第一行  \n第二行\\\n第三行\n第四行\n\n---\n\n***\n\n___\n\n完",
        elements={"hr": 3, "br": 2},
    ),
    Ordinary(
        "long lines",
        "这是一行很长的文字，" * 40
        + "\n\n"
        + "https://example.com/"
        + "a" * 300
        + "\n\n`"
        + "x" * 300
        + "`\n\n```\n"
        + "y" * 300
        + "\n```",
        elements={"pre": 1},
    ),
    Ordinary(
        "lists with code",
        "1. 安装：\n\n   ```bash\n   pip install ernie-magic\n   ```\n\n2. 运行：\n   "
        "```python\n   import ernie_magic\n   ```\n   然后 `x`。\n\n3. 完\n\n   > 引用\n\n   | a "
        "| b |\n   |---|---|\n   | 1 | 2 |",
        0,
        1,
        coloured=1,
        elements={"ol > li": 3, "li pre": 2, "li blockquote": 1},
    ),
    Ordinary(
        "text like footnotes",
        "见注[^1]和[2]，以及 [注释]。\n\n[^1]: 这是注。\n\n\\* 星号 \\_ 和 1\\. 不是列表；5 < 6 "
        "&& 7 > 3；AT&T；&copy; &lt;b&gt;。",
        shown=("[2]", "* 星号", "5 < 6 && 7 > 3", "AT&T", "©", "<b>"),
    ),
    Ordinary(
        "HTML as models write it",
        "第一行<br>第二行，H<sub>2</sub>O 和 x<sup>2</sup>，按 <kbd>Ctrl</kbd>。\n\n| a | b "
        "|\n|---|---|\n| 一<br>二 | c |",
        0,
        1,
        shown=("第一行", "第二行"),
    ),
    Ordinary(
        "everything",
        "### 介绍\n\n**快速排序**的平均复杂度是 $O(n \\log n)$，最坏 $O(n^2)$。\n\n"
        + fence(
            "python",
            "def sort(a):\n    if len(a) < 2:\n        return a\n    p, *rest = a\n    return "
            "sort([x for x in rest if x < p]) + [p] + sort([x for x in rest if x >= p])",
        )
        + "\n\n| 情形 | 复杂度 |\n|:---|---:|\n| 平均 | $O(n\\log n)$ |\n| 最坏 | $O(n^2)$ |\n\n1. 选基准\n2. 分区\n   - 小的\n   - 大的\n\n> 价格 $5。\n\n😀",
        4,
        1,
        coloured=5,
        shown=("价格 $5",),
    ),
]
