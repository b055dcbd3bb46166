"""Is a text one that others than Python take? Linux allows any bytes for a file's name."""

from __future__ import annotations


def is_utf8(text: str) -> bool:
    r"""
    Tell whether a text can be sent, shown and given to libraries; half a surrogate pair cannot.

    >>> is_utf8('Bälle'), is_utf8('b\udcff')
    (True, False)
    """
    return text.encode(errors='replace').decode() == text
