"""What the line magics do: `%ernie`, `%ernie_heat`, `%ernie_map2d`, `%ernie_search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ernie_magic.api.results import Embeddings
from ernie_magic.calls.embeddings import similarity
from ernie_magic.errors import InvalidOption
from ernie_magic.notebook.display import embeddings as vectors
from ernie_magic.notebook.display.html_table import Table
from ernie_magic.notebook.magics import commands
from ernie_magic.notebook.magics.embeddings import (
    parse_method,
    parse_search_words,
    parse_vectors_line,
    refuse_extra_words,
)
from ernie_magic.notebook.magics.execution import ErrorReporter
from ernie_magic.notebook.magics.interpolate import interpolate
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.text.language import Language

_NO_VECTORS = Text("没有向量", "there are no vectors")
_NOTHING_SOUGHT = Text("没有写要找什么", "there is nothing to look for")
_SEARCH_USAGE = Text("%ernie_search 变量 问题", "%ernie_search VARIABLE QUERY")
_SEARCH_HEADERS = {"zh": ["#", "相似度", "文本"], "en": ["#", "score", "text"]}


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
            embeddings, words = self._resolve_embeddings("ernie_heat", line)
            refuse_extra_words(words)
            return vectors.Heat(embeddings, self._language)

    def show_plane(self, line: str) -> vectors.Plane:
        """`%ernie_map2d`."""
        with self.reporting_errors():
            embeddings, words = self._resolve_embeddings("ernie_map2d", line)
            points, name = similarity.project_to_plane(embeddings.vectors, parse_method(words))
            return vectors.Plane(embeddings, points, name, self._language)

    def search_texts(self, line: str) -> Table:
        """`%ernie_search`."""
        with self.reporting_errors():
            embeddings, words = self._resolve_embeddings("ernie_search", line)
            k, query = parse_search_words(words)
            query = interpolate(query, self.shell.user_ns)
            if not query.strip():
                raise InvalidOption(_NOTHING_SOUGHT, advice=_SEARCH_USAGE)
            matches = self.session.search(query, embeddings, k)
            return Table(
                _SEARCH_HEADERS[self._language],
                [[str(match.index + 1), f"{match.score:.3f}", match.text] for match in matches],
                vectors.summary_line(embeddings, self._language),
            )

    def _resolve_embeddings(self, magic: str, line: str) -> tuple[Embeddings, list[str]]:
        """The embeddings that a line names, and its other words; texts are embedded first."""
        value, words = parse_vectors_line(magic, line, self.shell.user_ns)
        if not isinstance(value, Embeddings):
            value = self.session.embed(value)
        embeddings = value.known()
        if not len(embeddings):
            raise InvalidOption(_NO_VECTORS)
        return embeddings, words
