"""Text as it is compared: without case, marks and odd spaces."""

import unicodedata

# NFKD does not take these apart
_WHOLE_LETTERS = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "æ": "ae"})


def fold(text: str) -> str:
    """Text as search compares it: case folded, marks stripped, ``ł`` as ``l``, single spaces."""
    if text.isascii():  # most of a list is, and has no marks
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return " ".join(letters.translate(_WHOLE_LETTERS).split())
