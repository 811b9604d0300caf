"""What a door says, in the languages of those who stand before it.

The words are in ``phrases.csv``, one row each, ``{placeholders}`` the same in every language. Units are abbreviated, so
that no language needs a plural.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from registry.core.errors import WORDS

LANGUAGES = ("pl", "en", "uk", "ru")
NAMES = {"pl": "Polski", "en": "English", "uk": "Українська", "ru": "Русский"}
FILE = Path(__file__).with_name("phrases.csv")
# what a refusal comes to at a door; every other one is "please try again"
REFUSED = {
    "booking.overlap": "refused_overlap",
    "booking.not_running": "refused_nothing",
    "booking.nothing_to_do": "refused_nothing",
    "booking.closed": "refused_closed",
    "booking.undo_late": "refused_late",
    "booking.approval_late": "refused_asked",
    "door.other_booking": "refused_other_booking",
    "door.proof_needed": "refused_proof",
    "door.wrong_pin": "refused_pin",
    "door.pin_wait": "refused_pin_wait",
}
assert REFUSED.keys() <= WORDS.keys()


Phrases = Mapping[str, str]


@cache
def phrases(language: str) -> Phrases:
    """Every phrase of a language by its key. Raises KeyError for a language that no door speaks."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {row["key"]: row[language] for row in csv.DictReader(file, delimiter=";")}


def say(key: str, language: str, **values: object) -> str:
    """A phrase with its placeholders filled. Raises KeyError for one that does not exist."""
    return phrases(language)[key].format_map(values)


def panel_languages(languages: str) -> tuple[str, ...]:
    """The languages of a panel from its comma-separated list, unknown ones left out; all of them if none is left."""
    codes = tuple(dict.fromkeys(part.strip() for part in languages.split(",")))
    return tuple(code for code in codes if code in LANGUAGES) or LANGUAGES
