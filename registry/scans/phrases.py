"""What a stranger reads who found a thing with a label, in the languages of the help point. The words are in
``phrases.csv``.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("pl", "uk", "en", "ru")
FILE = Path(__file__).with_name("phrases.csv")


@cache
def finder_phrases(language: str) -> Mapping[str, str]:
    """Every phrase of a language by its key. Raises KeyError for a language that is none of ours."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {row["key"]: row[language] for row in csv.DictReader(file, delimiter=";")}
