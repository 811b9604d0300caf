"""One word for each thing: the last column of docs/reference/words.md stands in no text."""

import re

import pytest
from babel.messages.catalog import Message

from tests.conftest import ROOT
from web.kit.catalogues import read

ROW = re.compile(r"^\| (?!thing|---)(.+?) \| (.+?) \| (.+?) \| (.*?)\s*\|$", re.MULTILINE)
TEXTS = [message for message in read("pl") if message.id]


def rows() -> list[tuple[str, str, str, list[str]]]:
    """What the page says of each thing: what it is, the words, and those that are never used."""
    table = ROW.findall((ROOT / "docs" / "reference" / "words.md").read_text(encoding="utf-8"))
    return [(thing, english, polish, re.findall(r"[^,]+", never)) for thing, english, polish, never in table]


def words_of(message: Message) -> str:
    """The English and the Polish of a text, without the places where values go."""
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    return re.sub(r"%\(\w+\)s|\{\w+\}|IZBA_\w+", " ", " ".join([*ids, *strings])).lower()


def pattern(word: str) -> re.Pattern[str]:
    """Every form of a word: its end changes, and an ó in it becomes an o."""
    stems = [re.escape(part[:-1] if len(part) > 5 else part).replace("ó", "[oó]") for part in word.split()]
    return re.compile(r"\b" + r"\w*\s+".join(stems) + r"\w*")


def test_the_page_has_every_row_in_both_languages() -> None:
    assert len(rows()) > 15
    assert [thing for thing, english, polish, _ in rows() if not english.strip() or not polish.strip()] == []


@pytest.mark.parametrize("word", [word.strip() for *_, never in rows() for word in never if "(" not in word])
def test_a_word_that_is_never_used_stands_nowhere(word: str) -> None:
    assert [words_of(message) for message in TEXTS if pattern(word).search(words_of(message))] == []


def test_a_sensor_is_no_sensor_in_polish() -> None:
    strings = [str(message.string).lower() for message in TEXTS]
    assert [text for text in strings if re.search(r"\bsensor", re.sub(r"\{\w+\}|%\(\w+\)s", "", text))] == []


def test_rooms_have_one_word_in_polish() -> None:
    own_names = ("konferencyjn", "spotkań")
    strings = [str(message.string) for message in TEXTS]
    assert [
        text
        for text in strings
        if re.search(r"\b(sala|sali|salę|salą|sale)\b", text.lower()) and not any(name in text for name in own_names)
    ] == []


def test_a_building_is_no_dwelling_in_polish() -> None:
    strings = [str(message.string) for message in TEXTS]
    assert [text for text in strings if re.search(r"\bdom(u|em|owi|y|ów|ach)?\b", text.lower())] == []
