"""Which of many patterns stand in a text, told by one scan instead of one for each pattern.

Says only which; where they stand is for the pattern itself to tell. Nothing is missed: where the common automaton
gives up, every pattern counts as one that may stand there.
"""

from __future__ import annotations

from collections.abc import Sequence

import re2

_MEMORY_BYTES = 64 << 20


class PatternSet:
    """Patterns known by their place in the sequence; compiled when a text is first held against them."""

    __slots__ = ("_is_too_large", "_patterns", "_set")

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = tuple(patterns)
        self._set: re2.Set | None = None
        self._is_too_large = False  # for the memory that one automaton may take

    def which(self, text: str) -> frozenset[int]:
        """The places of the patterns that may stand in a clean text; those left out do not."""
        if not self._patterns:
            return frozenset()
        if self._set is None and not self._is_too_large:
            try:
                self._set = self._compiled()
            except re2.error:
                self._is_too_large = True
        if self._set is None:
            return frozenset(range(len(self._patterns)))
        found = self._set.Match(text)
        return self._read(found)

    def _read(self, found: Sequence[int]) -> frozenset[int]:
        """What the automaton found; without its last pattern, which stands in any text, it has given up."""
        last = len(self._patterns)
        return frozenset(found) - {last} if last in found else frozenset(range(last))

    def _compiled(self) -> re2.Set:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY_BYTES
        made = re2.Set.SearchSet(options)
        for pattern in (*self._patterns, ""):
            made.Add(pattern)
        made.Compile()
        return made
