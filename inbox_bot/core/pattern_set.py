"""Which of many patterns stand in a text, told by two scans instead of one for each pattern.

Says only which; where they stand is for the pattern itself to tell. Nothing is missed: where the common automaton
gives up, every pattern counts as one that may stand there.
"""

from __future__ import annotations

from collections.abc import Sequence

import re2

_MEMORY_BYTES = 64 << 20


class PatternSet:
    """Patterns known by their place in the sequence; compiled when a text is first held against them."""

    __slots__ = ("_any", "_patterns", "_set")

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = tuple(patterns)
        self._any: re2._Regexp | None = None
        self._set: re2.Set | None = None

    def which(self, text: str) -> frozenset[int]:
        """The places of the patterns that may stand in a clean text; those left out do not."""
        if self._any is None:
            self._any = re2.compile("|".join(f"(?:{one})" for one in self._patterns), _options())
        if not self._patterns or self._any.search(text) is None:
            return frozenset()
        if self._set is None:
            self._set = self._compiled()
        return frozenset(self._set.Match(text)) or frozenset(range(len(self._patterns)))

    def _compiled(self) -> re2.Set:
        made = re2.Set.SearchSet(_options())
        for pattern in self._patterns:
            made.Add(pattern)
        made.Compile()
        return made


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    return options
