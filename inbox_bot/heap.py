"""The process's memory as the system sees it: with many threads, the C library keeps much more than is in use.

Works with glibc; elsewhere nothing is done, and nothing needs it.
"""

from __future__ import annotations

import ctypes
from typing import Final

_ARENA_MAX: Final = -8  # M_ARENA_MAX of malloc.h
_ARENAS: Final = 2


def share_heap() -> None:
    """Let all threads take their memory from the same few places; call it before the threads are started."""
    _glibc("mallopt", _ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Hand memory that is not in use back to the system."""
    _glibc("malloc_trim", 0)


def _glibc(name: str, *values: int) -> None:
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):  # another C library, or none that can be asked
        return
    function(*values)
