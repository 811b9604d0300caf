"""Text as it is compared, without case, marks and odd spaces; and without what cannot be shown or stored."""

import re
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


def latin_code(text: str, longest: int, marks: str = "") -> str:
    """Text as a code of so many characters at most: folded, and whatever is neither a letter from a to z nor a digit
    nor one of ``marks`` a dash between them. ``lodz-centrum`` of Łódź Centrum; empty where nothing is left.
    """
    return re.sub(rf"[^a-z0-9{re.escape(marks)}]+", "-", fold(text)).strip("-")[:longest].strip("-")


def printable(text: str) -> str:
    """What somebody else said as one line without control characters: it stands in a header or a row."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def without_zeros(text: str) -> str:
    """Text with another sign that cannot be shown in the place of each zero byte, which PostgreSQL does not take."""
    return text.replace("\0", "\x1a")
