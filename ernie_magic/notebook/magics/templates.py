"""`--template` and `--var` of cell magics: a stored prompt template in the place of the prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ernie_magic.calls.tables.template import Placeholder, Template, find_column
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.magics.options import Option
from ernie_magic.text.language import Text
from ernie_magic.text.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ernie_magic.qianfan.templates.prompt_template import PromptTemplate

TEMPLATE_OPTION = Option(
    "template",
    Text(
        "用存好的模板作提示词；单元格里的文字作变量 input、question、query、text 或 content 的值，"
        "没有这样的变量就接在后面",
        "a stored template as the prompt; the cell's text is the value of its variable input, "
        "question, query, text or content, or follows it where it has none",
    ),
    metavar="NAME",
)
VAR_OPTION = Option(
    "var",
    Text("模板变量的值，可重复", "the value of a template's variable; may be repeated"),
    metavar="NAME=VALUE",
    is_repeatable=True,
)
_VAR_ALONE = Text("--var 要和 --template 一起用", "--var goes with --template")
_VAR_FORM = Text(
    "变量的值写成 变量=值，不是“{pair}”", "a variable's value is written name=value, not {pair!r}"
)
_GIVEN_TWICE = Text("变量 {variable} 给了两次", "the variable {variable} is given twice")
_UNKNOWN_VARIABLE = Text("模板“{name}”没有变量 {variable}", "template {name!r} has no {variable}")
_VARIABLES = Text("变量有：{known}", "its variables: {known}")
_NO_VARIABLES = Text("它没有变量", "it has no variables")


@dataclass(frozen=True)
class ChosenTemplate:
    """A template that a line names, and the values that it gives.

    Attributes
    ----------
    template : PromptTemplate
    values : dict of str to str
    """

    template: PromptTemplate
    values: Mapping[str, str]

    def fill(self, body: str) -> str:
        """Return the prompt.

        Parameters
        ----------
        body
            The text below the line.

        Raises
        ------
        InvalidOption
            Variables have no value.
        """
        values = dict(self.values)
        text = body.strip("\n")
        variable = self._input_variable(values)
        if text.strip() and variable:
            values[variable] = text
            text = ""
        rendered = self.template.render(values)
        if text.strip():
            return f"{rendered}\n\n{text}"
        return rendered

    def fill_rows(self, body: Template, column: str, columns: Collection[str]) -> Template:
        """Return the prompt about each row: variables that the line does not give are columns.

        Parameters
        ----------
        body
            The text below the line.
        column
            The one that `--col` names, "" for none: the value of the variable that the text below
            the line would fill.

        Raises
        ------
        InvalidOption
            Variables are neither given nor columns.
        """
        filled: dict[str, tuple[str | Placeholder, ...]] = {}
        for variable in self.template.variables:
            if variable in self.values:
                filled[variable] = (self.values[variable],)
            elif (found := find_column(variable, columns)) is not None:
                filled[variable] = (Placeholder(found),)
        rest = () if body.is_blank else body.pieces
        if variable := self._input_variable(filled):
            if rest:
                filled[variable], rest = rest, ()
            elif column:
                filled[variable] = (Placeholder(column),)
        self.template.check_values(filled)
        pieces = [each for piece in self.template.pieces() for each in _replace(piece, filled)]
        if rest:
            pieces += ["\n\n", *rest]
        return Template(tuple(pieces))

    def _input_variable(self, given: Collection[str]) -> str:
        """Return the variable that the text below the line fills, "" for none."""
        from ernie_magic.qianfan.templates.prompt_template import INPUT_VARIABLES

        open_variables = [name for name in self.template.variables if name not in given]
        return next((name for name in INPUT_VARIABLES if name in open_variables), "")


def choose_template(args: Mapping[str, Any]) -> ChosenTemplate | None:
    """Return the template that a parsed line names, None if it names none.

    Raises
    ------
    InvalidOption
        There is no such template, or it has no such variable.
    """
    pairs = args["var"] or ()
    if args["template"] is None:
        if pairs:
            raise InvalidOption(_VAR_ALONE)
        return None
    from ernie_magic.qianfan.templates.files import find_template

    template = find_template(args["template"])
    values = read_values(pairs)
    for variable in values:
        if variable not in template.all_variables:
            raise InvalidOption(
                _UNKNOWN_VARIABLE.fill(name=template.name, variable=variable),
                advice=_advise_variable(variable, template),
            )
    return ChosenTemplate(template, values)


def read_values(pairs: Iterable[str]) -> dict[str, str]:
    """Return the values of `name=value` by name.

    Raises
    ------
    InvalidOption
    """
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        variable = name.strip()
        if not equals or not variable:
            raise InvalidOption(_VAR_FORM.fill(pair=pair[:60]))
        if variable in values:
            raise InvalidOption(_GIVEN_TWICE.fill(variable=variable))
        values[variable] = value
    return values


def _advise_variable(variable: str, template: PromptTemplate) -> Text:
    known = template.all_variables
    if not known:
        return _NO_VARIABLES
    return did_you_mean(variable, known) or _VARIABLES.fill(known=", ".join(known))


def _replace(
    piece: str | Placeholder, filled: Mapping[str, tuple[str | Placeholder, ...]]
) -> tuple[str | Placeholder, ...]:
    if isinstance(piece, Placeholder):
        return filled[piece.column]
    return (piece,)
