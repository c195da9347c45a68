"""`ernie.templates`: prompt templates, your own in files and the service's."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ernie_magic.api.keywords import as_listed, check_dicts, check_texts
from ernie_magic.api.public_names import CallGroup
from ernie_magic.calls.tables.template import Placeholder, Template
from ernie_magic.qianfan.console import Console
from ernie_magic.qianfan.templates import (
    evaluation,
    frameworks,
    optimization,
)
from ernie_magic.qianfan.templates import files as template_files
from ernie_magic.qianfan.templates import service as template_service
from ernie_magic.qianfan.templates.prompt_template import (
    PromptTemplate,
    as_template,
    make_template,
)
from ernie_magic.runtime.io_thread import in_thread
from ernie_magic.runtime.once import awaited, blocking
from ernie_magic.runtime.stream import Steps
from ernie_magic.text.encodings import printable
from ernie_magic.text.pattern_search import PatternSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from pathlib import Path

    from ernie_magic.api.results import Answer, Embeddings
    from ernie_magic.calls.tables.result import Mapped
    from ernie_magic.client import Client
    from ernie_magic.qianfan.console import PlatformCall
    from ernie_magic.qianfan.templates.evaluation import Evaluation, Plan, Scored
    from ernie_magic.qianfan.templates.files import TemplateList
    from ernie_magic.qianfan.templates.optimization import Optimized
    from ernie_magic.runtime.stream import Stream

ResultT = TypeVar("ResultT")
_COLUMN = "prompt"  # of the tables that prompts are asked in


class Asker(Protocol):
    """What asks the models: a session."""

    @property
    def client(self) -> Client: ...  # noqa: D102
    @property
    def stream(self) -> Callable[..., Stream[Answer]]: ...  # noqa: D102
    @property
    def begin_map(self) -> Callable[..., Stream[Mapped]]: ...  # noqa: D102
    @property
    def begin_embed(self) -> Callable[..., Stream[Embeddings]]: ...  # noqa: D102


class Templates(CallGroup):
    """Prompt templates: `ernie.templates.save("trip", "Plan {days} days in {city}.")`, then
    `ernie.templates.render("trip", days=3, city="杭州")`, or in a cell `%%ernie --template trip
    --var days=3 --var city=杭州`.

    They are text files in `.ernie/templates` beside the notebook if there is a folder `.ernie`,
    else in your data folder.

    Parameters
    ----------
    session
        Asks the models.
    """

    _path = "ernie.templates"
    _in_order_of_use = (
        "list",
        "get",
        "save",
        "delete",
        "render",
        "make",
        "base",
        "crispe",
        "few_shot",
        "optimize",
        "evaluate",
        "list_remote",
        "pull",
        "push",
        "delete_remote",
    )

    def __init__(self, session: Asker) -> None:
        self._session = session
        self._console = Console(lambda: session.client)
        # What this session has stored itself, and goes on working on: by name.
        self._saved: dict[str, PromptTemplate] = {}
        # Two at once would each find none there, and create one.
        self._push_lock = asyncio.Lock()

    # --- in files ---------------------------------------------------------------------------------

    def list(self, sought: str = "") -> TemplateList:
        """Return your templates, by name.

        Parameters
        ----------
        sought
            Only those with these words in the name or the text.
        """
        self._localize(lambda: check_texts(sought=sought))
        return template_files.list_templates(sought)

    def get(self, name: str) -> PromptTemplate:
        """Return one of your templates.

        Raises
        ------
        InvalidOption
            There is none of that name.
        """
        return self._localize(lambda: template_files.find_template(name))

    def make(
        self,
        text: str,
        *,
        identifier: str | None = None,
        variables: Sequence[str] | None = None,
    ) -> PromptTemplate:
        """Return a template without a name, which is not stored.

        Parameters
        ----------
        text
            With variables, such as `{city}`.
        identifier
            What marks a variable: "{}", "{{}}", "[]", "[[]]", "()" or "(())". When None, "{{}}"
            where the text has variables in double braces, else "{}".
        variables
            Only these are variables; found in the text when None.

        Raises
        ------
        InvalidOption
            What the identifier marks is no variable's name: 2 to 30 letters, digits or underscores.
        """
        return self._localize(
            lambda: make_template(text, identifier=identifier, variables=variables)
        )

    def save(
        self,
        name: str,
        text: str | PromptTemplate | Optimized,
        *,
        identifier: str | None = None,
        variables: Sequence[str] | None = None,
        labels: Sequence[str] = (),
        negative_text: str = "",
        replace: bool = False,
    ) -> PromptTemplate:
        """Store a template. One of that name that this session has stored is replaced; so is any
        with the same text.

        Parameters
        ----------
        name
            One line.
        text
            With variables, such as `{city}`; or a template, or a result of `optimize`, of which
            the other arguments are ignored.
        identifier, variables
            As in `make`.
        labels
            At most three.
        negative_text
            For pictures: what they must not show.
        replace
            Whether one of that name with another text, from an earlier session or another notebook,
            is replaced.

        Raises
        ------
        InvalidOption
            It cannot be stored, or another text is stored under that name.
        """
        given = text
        if isinstance(given, optimization.Optimized):
            given = given.after

        def make_and_save() -> PromptTemplate:
            if isinstance(given, PromptTemplate):
                template = _rename(given, name)
            else:
                template = make_template(
                    given,
                    name=name,
                    identifier=identifier,
                    variables=variables,
                    labels=labels,
                    negative_text=negative_text,
                )
            if replace:
                template_files.save_template(template)
            else:
                template_files.save_unless_changed(template, [*self._saved.values()])
            self._remember(template)
            return template

        return self._localize(make_and_save)

    def _remember(self, template: PromptTemplate) -> None:
        """Note what has just been stored, as its file has it."""
        self._saved[template.name] = template_files.find_template(template.name)

    def delete(self, name: str) -> Path:
        """Remove one of your templates; return the path of the file that was removed.

        Raises
        ------
        InvalidOption
            There is none of that name.
        """
        return self._localize(lambda: template_files.delete_template(name))

    def render(
        self, name: str, values: Mapping[str, object] | None = None, /, **others: object
    ) -> str:
        """Return a template's text with the values of its variables.

        Parameters
        ----------
        name
            Of one of your templates.
        values, **others
            By variable. A value that holds `{other}` stays as it is.

        Raises
        ------
        InvalidOption
            There is no such template, or variables have no value.
        """
        self._localize(lambda: check_dicts(values=values))
        return self._localize(lambda: template_files.find_template(name).render(values, **others))

    # --- frameworks -------------------------------------------------------------------------------

    base = staticmethod(frameworks.base_prompt)
    crispe = staticmethod(frameworks.crispe_prompt)

    def few_shot(self, examples: Iterable[tuple[str, str]], instruction: str = "") -> str:
        """Return a prompt with examples.

        Parameters
        ----------
        examples
            Pairs of an input and the output that is expected for it.
        instruction
            What stands above them.

        Raises
        ------
        InvalidOption
            There is no example.
        """
        return self._localize(lambda: frameworks.few_shot_prompt(examples, instruction))

    # --- on the service ---------------------------------------------------------------------------

    def _begin_list_remote(
        self, sought: str = "", *, preset: bool | None = None
    ) -> Stream[TemplateList]:
        """Return the templates on Qianfan, by name.

        Parameters
        ----------
        sought
            Only those with these words in name or text.
        preset
            Only Qianfan's own, or only the account's; both when None.

        Returns
        -------
        TemplateList

        Raises
        ------
        ErnieError
        """
        return self._console.start_work(
            lambda call: template_service.list_remote(call, sought, preset=preset)
        )

    list_remote = blocking(_begin_list_remote)
    alist_remote = awaited(_begin_list_remote)

    def _begin_pull(
        self, name: str, *, save_as: str = "", replace: bool = False
    ) -> Stream[PromptTemplate]:
        """Store a template of Qianfan's in a file.

        Parameters
        ----------
        name
            Its very name (the account's own goes before a preset one), or its id (`pt-…`).
        save_as
            The name of the file's template; the same when "".
        replace
            Whether a stored template of that name with another text is replaced.

        Returns
        -------
        PromptTemplate

        Raises
        ------
        InvalidOption
            There is none, there are several, or another text is stored under that name.
        ErnieError
        """

        async def work(call: PlatformCall) -> PromptTemplate:
            found = await template_service.find_remote(call, name)
            template = dataclasses.replace(found, name=save_as or found.name)
            store = template_files.save_template if replace else template_files.save_unless_changed
            await in_thread(store, template)
            await in_thread(self._remember, template)
            return template

        return self._console.start_work(work)

    pull = blocking(_begin_pull)
    apull = awaited(_begin_pull)

    def _begin_push(self, name: str) -> Stream[PromptTemplate]:
        """Put one of your templates on Qianfan: the one there that has its id or its name is
        changed, else one is created. Run again after a failure, it creates no second one.

        Parameters
        ----------
        name
            Of one of your templates.

        Returns
        -------
        PromptTemplate
            With its id there, which is stored in the file too.

        Raises
        ------
        ErnieError
        """
        template = self.get(name)

        async def work(call: PlatformCall) -> PromptTemplate:
            async with self._push_lock:
                pushed = await template_service.push_template(call, template)
                await in_thread(template_files.save_template, pushed)
                await in_thread(self._remember, pushed)
            return pushed

        return self._console.start_work(work)

    push = blocking(_begin_push)
    apush = awaited(_begin_push)

    def _begin_delete_remote(self, name: str) -> Stream[PromptTemplate]:
        """Delete one of your templates on Qianfan; a file of it stays.

        Parameters
        ----------
        name
            Its very name, or its id (`pt-…`).

        Returns
        -------
        PromptTemplate
            What was deleted.

        Raises
        ------
        InvalidOption
            There is none, there are several, or it is preset.
        ErnieError
        """
        return self._console.start_work(lambda call: template_service.delete_remote(call, name))

    delete_remote = blocking(_begin_delete_remote)
    adelete_remote = awaited(_begin_delete_remote)

    # --- with models ------------------------------------------------------------------------------

    def _begin_optimize(
        self,
        template: str | PromptTemplate,
        goal: str = "",
        *,
        model: str | None = None,
    ) -> Steps[Optimized]:
        """Have a model rewrite a prompt; the result has both and shows what has changed.

        Parameters
        ----------
        template
            A template, a text, or the name of one of your templates.
        goal
            What the new one shall do better, in your words.
        model
            The model that writes it; the session's when None.

        Returns
        -------
        Optimized

        Raises
        ------
        ErnieError
        """
        language = self._session.client.settings.interface_language

        def ask() -> Generator[Stream[Any], Any, Optimized]:
            self._localize(lambda: check_texts(goal=goal))
            before = self._localize(lambda: _named_or_text(template))
            task = self._localize(lambda: optimization.build_task(before, goal, language))
            answer = yield self._session.stream(task, model=model, system="", history=False)
            return self._localize(lambda: optimization.read_answer(before, answer))

        return Steps(ask())

    optimize = blocking(_begin_optimize)
    aoptimize = awaited(_begin_optimize)

    def _begin_evaluate(
        self,
        templates: str | PromptTemplate | Sequence[str | PromptTemplate],
        rows: object,
        *,
        method: str = "exact",
        expected: str = evaluation.EXPECTED,
        criteria: str = "",
        model: str | None = None,
        judge_model: str | None = None,
        embedding_model: str | None = None,
        resume: bool = False,
        in_flight: int | None = None,
    ) -> Steps[Evaluation]:
        """Ask each prompt about each row, and score the answers from 0 to 1.

        Answers and judgements are stored as they arrive: after a crash or an interrupt,
        `resume=True` pays only for the missing ones.

        Parameters
        ----------
        templates
            Templates, texts, or names of your templates.
        rows
            A table of any kind that `map` takes; the variables are its columns.
        method
            "exact": the answer is the expected text. "regex": the expected text is a regular
            expression of Python, and is found in the answer; a row whose search takes more than a
            second has no score, and says why. "similarity": the cosine similarity of the
            vectors of both. "judge": a model gives a score.
        expected
            The column with the expected answers; a judge may do without.
        criteria
            What a judge looks at, in your words; that the answer means what is expected when "".
        model
            The model that is asked; the session's when None.
        judge_model
            The judge; the session's when None.
        embedding_model
            Makes the vectors; the setting `embedding_model` when None.
        resume
            Reuse the answers of an earlier run.
        in_flight
            Concurrent calls, 1 to 64; the setting `in_flight` (8) when None.

        Returns
        -------
        Evaluation
            Shown as a heat map of prompts and rows; `to_rows()` and `to_pandas()` are the table.

        Raises
        ------
        ErnieError
        """
        options = {"resume": resume, "in_flight": in_flight}

        def evaluate() -> Generator[Stream[Any], Any, Evaluation]:
            self._localize(lambda: check_texts(expected=expected, criteria=criteria))
            chosen = self._localize(lambda: _all_templates(templates))
            plan = self._localize(lambda: evaluation.make_plan(chosen, rows, method, expected))
            mapped = yield self._begin_asking(plan.prompts, model=model, **options)
            answers = evaluation.answers_of(mapped)
            if method == "similarity":
                scored = yield from self._score_by_vectors(
                    plan, answers, embedding_model, in_flight
                )
            elif method == "judge":
                scored = yield from self._score_by_judge(
                    plan, answers, criteria, model=judge_model, **options
                )
            elif method == "regex":
                scored = yield from self._score_by_patterns(plan, answers)
            else:
                scored = evaluation.score_texts(plan, answers)
            return evaluation.build_evaluation(plan, mapped, scored)

        return Steps(evaluate())

    evaluate = blocking(_begin_evaluate)
    aevaluate = awaited(_begin_evaluate)

    def _begin_asking(self, prompts: Sequence[str], **options: Any) -> Stream[Mapped]:
        """Begin to ask prompts, each as it is."""
        rows = [{_COLUMN: prompt} for prompt in prompts]
        as_it_is = Template((Placeholder(_COLUMN),))
        return self._session.begin_map(as_it_is, rows, system="", **options)

    def _score_by_patterns(
        self, plan: Plan, answers: Sequence[str | None]
    ) -> Generator[Stream[Any], Any, Scored]:
        search = PatternSearch(evaluation.patterns_to_search(plan, answers))

        async def run_search(_call: object) -> list[bool | None]:
            try:
                return await in_thread(search.run)
            finally:
                search.stop()

        client = self._session.client
        settings_and_endpoint = client.settings_and_endpoint()
        found = yield client.start_call(run_search, *settings_and_endpoint, needs_address=False)
        language = client.settings.interface_language
        return evaluation.score_matches(plan, answers, found, language)

    def _score_by_vectors(
        self,
        plan: Plan,
        answers: Sequence[str | None],
        model: str | None,
        in_flight: int | None,
    ) -> Generator[Stream[Any], Any, Scored]:
        texts = evaluation.texts_to_embed(plan, answers)
        if not texts:  # no answer, and nothing is expected
            return evaluation.score_texts(plan, answers)
        embeddings = yield self._session.begin_embed(
            texts, model=model, invalid="truncate", in_flight=in_flight
        )
        return evaluation.score_vectors(plan, answers, embeddings)

    def _score_by_judge(
        self,
        plan: Plan,
        answers: Sequence[str | None],
        criteria: str,
        **options: Any,
    ) -> Generator[Stream[Any], Any, Scored]:
        language = self._session.client.settings.interface_language
        questions = [
            evaluation.judge_prompt(plan, index, answer, criteria, language)
            for index, answer in enumerate(answers)
            if answer is not None
        ]
        judged = yield self._begin_asking(questions, schema=evaluation.JUDGE_COLUMNS, **options)
        return evaluation.read_judgements(answers, judged, language)

    def _localize(self, make: Callable[[], ResultT]) -> ResultT:
        return self._session.client.localizing_errors(make)

    @printable
    def __repr__(self) -> str:
        return f"Templates({len(self.list())})"


def _rename(template: PromptTemplate, name: str) -> PromptTemplate:
    """Return a template under a name; under another one than its own it is not yet known to the
    service.
    """
    known_id = template.id if template.name == name else ""
    return make_template(
        template.text,
        name=name,
        identifier=template.identifier,
        variables=template.variables,
        negative_text=template.negative_text,
        negative_variables=template.negative_variables,
        labels=template.labels,
        template_id=known_id,
    )


def _named_or_text(given: str | PromptTemplate) -> PromptTemplate:
    """Return the template that is given: itself, by the name of a stored one, or as a text."""
    if isinstance(given, str) and given in template_files.list_templates().names:
        return template_files.find_template(given)
    return as_template(given)


def _all_templates(
    given: str | PromptTemplate | Sequence[str | PromptTemplate],
) -> Sequence[PromptTemplate]:
    if isinstance(given, (str, PromptTemplate)):
        given = [given]
    return [_named_or_text(one) for one in as_listed("templates", given)]
