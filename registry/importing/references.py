"""Which room and which person of the register a cell means: by code, number or name, when only one fits. Pure."""

import re
from collections.abc import Sequence

from registry.assets.rules import fold
from registry.importing.cells import Cell, whole
from registry.importing.snapshot import RegisterSnapshot, name_key

_WORD_FOR_ROOM = re.compile(r"^(pokoj|pok|pomieszczenie|pom|sala|gabinet|room|raum|p)\b\.? *(nr|no)?\b\.? *")


def rooms_of(snapshot: RegisterSnapshot, cell: Cell) -> Sequence[int]:
    """The rooms that a cell may mean; one is an answer, several want to be told apart, none is unknown."""
    text = fold(whole(cell))
    for words in dict.fromkeys((text, _WORD_FOR_ROOM.sub("", text))):
        if ids := _by_word(snapshot, words):
            return ids
    if isinstance(cell, float):
        # a spreadsheet made 0.1 out of 0.10
        ids = [pk for number, pks in snapshot.room_numbers.items() if _as_float(number) == cell for pk in pks]
        if ids:
            return ids
    return _by_several_words(snapshot, text)


def _by_word(snapshot: RegisterSnapshot, words: str) -> Sequence[int]:
    if words in snapshot.rooms:
        return [snapshot.rooms[words]]
    return snapshot.room_numbers.get(words) or snapshot.room_names.get(words) or []


def _by_several_words(snapshot: RegisterSnapshot, text: str) -> list[int]:
    """``PP-02 Pokój infolinii`` and ``Pokój infolinii (0.02)``: every part of it must mean the room."""
    first, _, rest = text.partition(" ")
    start, _, last = text.rpartition(" ")
    for word, others in ((first, rest), (last, start)):
        word, others = word.strip("(),:;–-"), others.strip(" (),:;–-")
        ids = _by_word(snapshot, word) if word and others else []
        same = [pk for pk in ids if pk in _by_word(snapshot, others)]
        if same:
            return same
    return []


def people_of(snapshot: RegisterSnapshot, cell: Cell) -> Sequence[int]:
    """The people that a cell may mean, by login, else by name in whichever order."""
    text = fold(whole(cell))
    if text in snapshot.people:
        return [snapshot.people[text]]
    return snapshot.people_names.get(name_key(text), [])


def _as_float(number: str) -> float | None:
    try:
        return float(number)
    except ValueError:
        return None
