"""A prompt template of Qianfan: a text in which an identifier marks the variables.

The rules are those of the service's own client (`Prompt._extract_variables` in
https://github.com/baidubce/bce-qianfan-sdk): what stands between the two halves of the identifier,
on one line, is a variable, and each has to have a valid name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ernie_magic.api.keywords import as_listed, check_texts
from ernie_magic.calls.tables.template import Placeholder
from ernie_magic.errors import InvalidOption
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text, clip_text, whole_characters
from ernie_magic.text.suggest import close_matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

IDENTIFIERS = ("{}", "{{}}", "[]", "[[]]", "()", "(())")
DEFAULT_IDENTIFIER = "{}"
DOUBLE_BRACES = "{{}}"  # as cells write variables
MAX_LABELS = 3
# A variable of one of these names may be filled by the text below a cell magic.
INPUT_VARIABLES = ("input", "question", "query", "text", "content")
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{1,29}")
MAX_NAME = 100  # characters of a template's name
_SHOWN = 40  # characters of a text in an error or a repr
_RULE = Text(
    "变量名由 2 到 30 个字母、数字或下划线组成，不以数字开头",
    "a variable's name has 2 to 30 letters, digits or underscores, and no digit first",
)
_OTHER_WAYS = Text(
    "换一个标识符，例如 --identifier {identifier}，或在 Python 里用 variables=[…] 列出变量",
    "choose another identifier, such as --identifier {identifier}, or list the variables in "
    "Python: variables=[…]",
)
_BOTH_BRACES = Text("文字里既有 {double}，又有 {single}", "the text has both {double} and {single}")
_WRITE_ALIKE = Text(
    "变量都写成一样的括号；只有双花括号里的才是变量时，加 --identifier {{}}"
    '（Python：identifier="{{}}"）',
    "write all variables in the same braces; if only those in double braces are variables, add "
    '--identifier {{}} (in Python identifier="{{}}")',
)
_NO_BLANKS = Text("写成 {marked}，不留空格", "write {marked}, without blanks")
_GIVE_VALUE = Text(
    "给出 {example}=…（单元格里写 --var {example}=…）",
    "give {example}=… (in a cell --var {example}=…)",
)
_MISSPELLED = Text("给出的 {unused} 是不是 {meant}？", "{unused} was given: did you mean {meant}?")


@dataclass(frozen=True)
class PromptTemplate:
    """A text with variables. `str(template)` is the text.

    Attributes
    ----------
    text : str
    name : str
        "" for none yet.
    identifier : {"{}", "{{}}", "[]", "[[]]", "()", "(())"}
        What marks a variable.
    variables : tuple of str
        Each once, in the order of the text.
    negative_text : str
        What a picture must not show; "" for none.
    negative_variables : tuple of str
        Those of `negative_text`.
    labels : tuple of str
        At most three.
    id : str
        Its id on the service (`pt-…`), "" where it is not known there.
    is_preset : bool
        The service's own: it cannot be changed or deleted.
    """

    text: str
    name: str = ""
    identifier: str = DEFAULT_IDENTIFIER
    variables: tuple[str, ...] = ()
    negative_text: str = ""
    negative_variables: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    id: str = field(default="", compare=False)
    is_preset: bool = field(default=False, compare=False)

    @property
    def all_variables(self) -> tuple[str, ...]:
        """The variables of both texts."""
        return tuple(dict.fromkeys([*self.variables, *self.negative_variables]))

    def pieces(self) -> tuple[str | Placeholder, ...]:
        """Return the text in pieces: words, and placeholders for the variables."""
        return tuple(_split_pieces(self.text, self.identifier, self.variables))

    def render(self, values: Mapping[str, object] | None = None, /, **others: object) -> str:
        """Return the text with the variables' values, each once: a value that holds `{other}`
        stays as it is.

        Parameters
        ----------
        values, **others
            Values by variable; `str` of each is used. Those of other names are ignored.

        Raises
        ------
        InvalidOption
            Variables have no value; all of them are named.
        """
        given = {**(values or {}), **others}
        self.check_values(given)
        return _fill(self.pieces(), given)

    def render_negative(
        self, values: Mapping[str, object] | None = None, /, **others: object
    ) -> str:
        """Return `negative_text` with the variables' values; as `render`."""
        given = {**(values or {}), **others}
        _check_given(self.negative_variables, given, self.name)
        return _fill(
            _split_pieces(self.negative_text, self.identifier, self.negative_variables), given
        )

    def check_values(self, given: Iterable[str]) -> None:
        """Check that every variable of the text has a value.

        Raises
        ------
        InvalidOption
        """
        _check_given(self.variables, given, self.name)

    def __str__(self) -> str:
        return self.text

    @printable
    def __repr__(self) -> str:
        facts = [repr(self.name)] if self.name else []
        facts += [repr(clip_text(self.text, _SHOWN)), f"identifier={self.identifier!r}"]
        facts.append(f"variables={list(self.variables)!r}")
        return f"PromptTemplate({', '.join(facts)})"


def make_template(
    text: str,
    *,
    name: str = "",
    identifier: str | None = None,
    variables: Sequence[str] | None = None,
    negative_text: str = "",
    negative_variables: Sequence[str] | None = None,
    labels: Sequence[str] = (),
    template_id: str = "",
    is_preset: bool = False,
) -> PromptTemplate:
    """Return a template whose variables are found in its texts.

    Parameters
    ----------
    identifier
        What marks a variable; when None, double braces where the text has variables in them
        (`{{city}}`), else single ones.
    variables, negative_variables
        Only these are variables, whatever else the identifier marks; found by the rules when None.
    labels
        At most three.

    Raises
    ------
    InvalidOption
        Not a text, an unknown identifier, an invalid name, or something between the identifier's
        halves that is no variable's name.
    """
    check_name(name)
    for given in (text, negative_text):
        if not isinstance(given, str):
            raise InvalidOption(
                Text("模板要是文本，不是 {kind}", "a template is a text, not {kind}").fill(
                    kind=type(given).__name__
                )
            )
    content = whole_characters(text)
    negative = whole_characters(negative_text)
    if identifier is None:
        identifier = _recognize_identifier(f"{content}\n{negative}")
    return PromptTemplate(
        content,
        name,
        identifier,
        _choose_variables(content, identifier, variables),
        negative,
        _choose_variables(negative, identifier, negative_variables),
        _check_labels(labels),
        template_id,
        is_preset,
    )


def as_template(given: str | PromptTemplate) -> PromptTemplate:
    """Return a template, made of a text where it is one."""
    if isinstance(given, PromptTemplate):
        return given
    return make_template(given)


def _recognize_identifier(text: str) -> str:
    """Return which braces mark the variables of a text.

    Raises
    ------
    InvalidOption
        Double braces stand in it, and names in single ones.
    """
    in_double = list(_iterate_marked(text, *split_identifier(DOUBLE_BRACES)))
    if not in_double:
        return DEFAULT_IDENTIFIER
    pieces = _split_pieces(text, DOUBLE_BRACES, in_double)
    rest = "".join(piece for piece in pieces if isinstance(piece, str))
    in_single = _iterate_marked(rest, *split_identifier(DEFAULT_IDENTIFIER))
    if name := next((name for name in in_single if _VARIABLE.fullmatch(name)), ""):
        double = clip_text("{{" + in_double[0] + "}}", _SHOWN)
        raise InvalidOption(
            _BOTH_BRACES.fill(double=double, single="{" + name + "}"), advice=_WRITE_ALIKE
        )
    return DOUBLE_BRACES


def find_variables(text: str, identifier: str) -> tuple[str, ...]:
    """Return the variables of a text, each once.

    Raises
    ------
    InvalidOption
        The identifier is unknown, or what it marks is no variable's name.
    """
    left, right = split_identifier(identifier)
    found = list(_iterate_marked(text, left, right))
    for name in found:
        if not _VARIABLE.fullmatch(name):
            raise InvalidOption(
                Text("{marked} 不是变量", "{marked} is not a variable").fill(
                    marked=clip_text(f"{left}{name}{right}", _SHOWN)
                ),
                cause=_RULE,
                advice=_advise_name(name, identifier),
            )
    return tuple(dict.fromkeys(found))


def has_found_variables(text: str, identifier: str, variables: tuple[str, ...]) -> bool:
    """Whether a text alone tells that these are its variables."""
    try:
        return find_variables(text, identifier) == variables
    except InvalidOption:
        return False


def split_identifier(identifier: str) -> tuple[str, str]:
    """Return what stands before and behind a variable.

    Raises
    ------
    InvalidOption
        There is no such identifier.
    """
    if identifier not in IDENTIFIERS:
        raise InvalidOption(
            Text("没有标识符 {given}", "no identifier {given}").fill(given=f"{identifier!s:.20}"),
            advice=Text("可选：{known}", "choices: {known}").fill(known=" ".join(IDENTIFIERS)),
        )
    middle = len(identifier) // 2
    return identifier[:middle], identifier[middle:]


def check_name(name: str) -> None:
    """Check a template's name: one line, and no blanks around it.

    Raises
    ------
    InvalidOption
    """
    is_valid = isinstance(name, str) and len(name) <= MAX_NAME and name == name.strip()
    if is_valid and name.isprintable():
        return
    raise InvalidOption(
        Text("{name} 不能作模板的名称", "{name} is not a template's name").fill(
            name=f"{name!r:.60}"
        ),
        advice=Text("一行，最多 {limit} 个字", "write one line of at most {limit} characters").fill(
            limit=MAX_NAME
        ),
    )


def _iterate_marked(text: str, left: str, right: str) -> Iterator[str]:
    """Iterate over what stands between the halves of an identifier; the shortest counts, and none
    goes beyond its line. The time is linear in the text.
    """
    for line in text.split("\n"):
        start = line.find(left)
        while start >= 0:
            end = line.find(right, start + len(left))
            if end < 0:
                break
            yield line[start + len(left) : end]
            start = line.find(left, end + len(right))


def _advise_name(name: str, identifier: str) -> Text:
    """Return what to write in the place of what is no name."""
    bare = name.strip()
    if _VARIABLE.fullmatch(bare):
        left, right = split_identifier(identifier)
        return _NO_BLANKS.fill(marked=f"{left}{bare}{right}")
    # The identifier that a text is least likely to hold by chance.
    other = "(())" if identifier == DOUBLE_BRACES else DOUBLE_BRACES
    return _OTHER_WAYS.fill(identifier=other)


def _choose_variables(text: str, identifier: str, listed: Sequence[str] | None) -> tuple[str, ...]:
    if listed is None:
        return find_variables(text, identifier)
    split_identifier(identifier)
    if isinstance(listed, str):
        listed = [name.strip() for name in listed.split(",")]
    names = as_listed("variables", listed)
    for name in names:
        # They are sent, and stored, as one line with commas.
        if not isinstance(name, str) or not name.strip() or "," in name or "\n" in name:
            raise InvalidOption(
                Text("{name} 不能作变量名", "{name} is not a variable's name").fill(
                    name=f"{name!r:.40}"
                ),
                advice=_RULE,
            )
    return tuple(dict.fromkeys(names))


def _check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    if isinstance(labels, str):
        labels = [label.strip() for label in labels.split(",")]
    given = as_listed("labels", labels)
    check_texts(**{f"labels[{place}]": label for place, label in enumerate(given)})
    kept = tuple(dict.fromkeys(whole_characters(label) for label in given if label))
    if len(kept) > MAX_LABELS:
        raise InvalidOption(
            Text("最多 {limit} 个标签", "at most {limit} labels are possible").fill(
                limit=MAX_LABELS
            )
        )
    return kept


def _split_pieces(
    text: str, identifier: str, variables: Sequence[str]
) -> Iterator[str | Placeholder]:
    """Iterate over the pieces of a text, in one pass: nothing that is filled in is read again."""
    if not variables:
        yield text
        return
    left, right = split_identifier(identifier)
    names = "|".join(re.escape(name) for name in variables)
    copied_until = 0
    for found in re.finditer(f"{re.escape(left)}({names}){re.escape(right)}", text):
        yield text[copied_until : found.start()]
        yield Placeholder(found[1])
        copied_until = found.end()
    yield text[copied_until:]


def _fill(pieces: Iterable[str | Placeholder], values: Mapping[str, object]) -> str:
    filled = (
        str(values[piece.column]) if isinstance(piece, Placeholder) else piece for piece in pieces
    )
    return "".join(filled)


def _check_given(variables: Sequence[str], given: Iterable[str], name: str) -> None:
    known = list(given)
    missing = [variable for variable in variables if variable not in known]
    if not missing:
        return
    what = Text("缺少变量的值：{missing}", "variables without a value: {missing}")
    if name:
        what = Text(
            "模板“{name}”缺少变量的值：{missing}",
            "template {name!r}: variables without a value: {missing}",
        )
    advice = _GIVE_VALUE.fill(example=missing[0])
    for unused in known:
        if unused not in variables and (meant := close_matches(unused, missing, 1)):
            advice = _MISSPELLED.fill(unused=unused, meant=meant[0])
            break
    raise InvalidOption(what.fill(name=name, missing=", ".join(missing)), advice=advice)
