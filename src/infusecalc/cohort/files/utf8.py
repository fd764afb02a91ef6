"""Texts that hold bytes which are not UTF-8: told apart, and written so that people see the bytes."""

from __future__ import annotations

_SURROGATES = range(0xD800, 0xE000)
_BYTES = range(0xDC80, 0xDD00)  # how Python keeps bytes that are not UTF-8


def is_text(text: str) -> bool:
    """Whether a text can be written as UTF-8: it holds no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def readable(text: str) -> str:
    r"""A text with its bytes that are not UTF-8 spelled out as `\xNN`, and other halves of characters as `\uNNNN`."""
    if is_text(text):
        return text
    return "".join(_spelled(ord(char)) if ord(char) in _SURROGATES else char for char in text)


def _spelled(code: int) -> str:
    return f"\\x{code - 0xDC00:02x}" if code in _BYTES else f"\\u{code:04x}"
