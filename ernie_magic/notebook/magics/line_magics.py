"""What the line magics do: `%ernie`, `%ernie_heat`, `%ernie_map2d`, `%ernie_search`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from ernie_magic.api.results import Embeddings
from ernie_magic.calls.embeddings import similarity
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.display import embeddings as vectors
from ernie_magic.notebook.display.html_table import Table
from ernie_magic.notebook.magics import commands
from ernie_magic.notebook.magics.execution import ErrorReporter
from ernie_magic.notebook.magics.interpolate import interpolate
from ernie_magic.notebook.magics.vector_lines import VectorsLine, parse_vectors_line
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ernie_magic.calls.embeddings.similarity import Found
    from ernie_magic.text.language import Language

_NO_VECTORS = Text("没有向量", "there are no vectors")
_SEARCH_HEADERS = {"zh": ["#", "相似度", "文本"], "en": ["#", "score", "text"]}


@dataclass(frozen=True, repr=False)
class FoundTable(Table):
    """What a search found, as a table; `hits[0]`, `for` and `pd.DataFrame(hits)` take what was
    found.

    Attributes
    ----------
    found : sequence of Found
        The best first.
    """

    found: Sequence[Found] = ()

    def _python_value_(self) -> list[Found]:
        return [*self.found]

    def __iter__(self) -> Iterator[Found]:
        return iter(self.found)

    @overload
    def __getitem__(self, index: int) -> Found: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Found]: ...
    def __getitem__(self, index: int | slice) -> Found | Sequence[Found]:
        return self.found[index]


class LineMagics(ErrorReporter):
    """What the line magics over one session do."""

    @property
    def _language(self) -> Language:
        return self.session.settings.interface_language

    def run_command(self, line: str) -> Any:
        """`%ernie`."""
        with self.reporting_errors():
            return commands.run_command(self.session, line, self.shell.user_ns)

    def show_heat(self, line: str) -> vectors.Heat:
        """`%ernie_heat`."""
        with self.reporting_errors():
            embeddings, _ = self._resolve_embeddings("%ernie_heat", line)
            return vectors.Heat(embeddings.known(), self._language)

    def show_plane(self, line: str) -> vectors.Plane:
        """`%ernie_map2d`."""
        with self.reporting_errors():
            embeddings, parsed_line = self._resolve_embeddings("%ernie_map2d", line)
            embeddings = embeddings.known()
            points, name = similarity.project_to_plane(embeddings.vectors, parsed_line.method)
            return vectors.Plane(embeddings, points, name, self._language)

    def search_texts(self, line: str) -> FoundTable:
        """`%ernie_search`."""
        with self.reporting_errors():
            embeddings, parsed_line = self._resolve_embeddings("%ernie_search", line)
            query = interpolate(parsed_line.query, self.shell.user_ns)
            matches = self.session.search(query, embeddings, parsed_line.count)
            return FoundTable(
                _SEARCH_HEADERS[self._language],
                [[str(match.index + 1), f"{match.score:.3f}", match.text] for match in matches],
                vectors.summary_line(embeddings.known(), self._language),
                found=matches,
            )

    def _resolve_embeddings(self, magic: str, line: str) -> tuple[Embeddings, VectorsLine]:
        """The embeddings that a line names, and the parsed line; texts are embedded first."""
        parsed_line = parse_vectors_line(magic, line, self.shell.user_ns)
        embeddings = parsed_line.value
        if not isinstance(embeddings, Embeddings):
            embeddings = self.session.embed(embeddings, invalid=parsed_line.invalid)
        if not len(embeddings.known()):
            raise InvalidOption(_NO_VECTORS)
        return embeddings, parsed_line
