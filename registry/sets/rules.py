"""What a set lacks, and what it may be. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from registry.assets.models import STANDING, Condition, Lifecycle
from registry.assets.rules import fold
from registry.core.errors import Invalid

LARGEST = 200  # pieces of one set: all of them are moved in one transaction
MOST_PARTS = 100
_PART = re.compile(r"(?:(\d{1,4})\s*(?:[x×*]|szt\.?)\s*)?(\S.*)")


@dataclass(frozen=True, slots=True)
class Part:
    """So many of this name belong to a set."""

    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class MemberPiece:
    """A piece of a set as it is now. ``room`` is the code of where it stands, None for nowhere."""

    asset_id: int
    name: str
    inventory_no: str | None
    quantity: int
    room: str | None
    lifecycle: Lifecycle
    condition: Condition
    revision: int


class Trouble(StrEnum):
    """Why a piece does not serve its set."""

    GONE = "gone"  # handed over, retired or disposed of
    ELSEWHERE = "elsewhere"
    FAULTY = "faulty"
    IN_REPAIR = "in_repair"


@dataclass(frozen=True, slots=True)
class PartCheck:
    """One part of a set: how many belong to it, how many are together and work, and how many no piece stands for."""

    name: str
    wanted: int
    working: int
    missing: int
    pieces: tuple[tuple[MemberPiece, Trouble | None], ...]

    @property
    def is_complete(self) -> bool:
        return self.working >= self.wanted


def place_of(pieces: Iterable[MemberPiece]) -> str | None:
    """The room of a set: where most of its pieces stand, of two such rooms the first of the alphabet."""
    rooms = Counter(piece.room for piece in pieces if piece.room and piece.lifecycle in STANDING)
    return min(rooms, key=lambda room: (-rooms[room], room)) if rooms else None


def trouble_of(piece: MemberPiece, place: str | None) -> Trouble | None:
    """Why a piece does not serve a set that stands in ``place``; None if it does."""
    if piece.lifecycle not in STANDING:
        return Trouble.GONE
    if piece.room != place:
        return Trouble.ELSEWHERE
    return {Condition.FAULTY: Trouble.FAULTY, Condition.IN_REPAIR: Trouble.IN_REPAIR}.get(piece.condition)


def checks(parts: Sequence[Part], pieces: Sequence[MemberPiece]) -> list[PartCheck]:
    """Each part with its pieces, in the order of the parts; pieces that no part names come behind them with nothing
    wanted. Names are compared folded.
    """
    place = place_of(pieces)
    by_name: dict[str, list[MemberPiece]] = {fold(part.name): [] for part in parts}
    quantities = dict.fromkeys(by_name, 0)
    names: dict[str, str] = {}
    for part in parts:
        quantities[fold(part.name)] += part.quantity
        names.setdefault(fold(part.name), part.name)
    for piece in pieces:
        by_name.setdefault(fold(piece.name), []).append(piece)
        names.setdefault(fold(piece.name), piece.name)
    return [_check(names[key], quantities.get(key, 0), there, place) for key, there in by_name.items()]


def _check(name: str, quantity: int, pieces: Sequence[MemberPiece], place: str | None) -> PartCheck:
    states = tuple((piece, trouble_of(piece, place)) for piece in pieces)
    working = sum(piece.quantity for piece, trouble in states if trouble is None)
    there = sum(piece.quantity for piece, trouble in states if trouble is not Trouble.GONE)
    return PartCheck(name, quantity, working, max(quantity - there, 0), states)


def parts_of(pieces: Iterable[MemberPiece]) -> list[Part]:
    """What a set of these pieces holds when it is complete, in the order of the alphabet."""
    quantities: Counter[str] = Counter()
    names: dict[str, str] = {}
    for piece in pieces:
        quantities[fold(piece.name)] += piece.quantity
        names.setdefault(fold(piece.name), piece.name)
    return [Part(names[key], quantity) for key, quantity in sorted(quantities.items())]


def part_from(line: str) -> Part:
    """``2 × Monitor``, ``2 x Monitor``, or ``Monitor`` alone for one. Raises Invalid("set.bad_part")."""
    match = _PART.fullmatch(" ".join(line.split()))
    quantity = int(match[1] or 1) if match else 0
    if match is None or not quantity or len(match[2]) > 300 or not match[2].isprintable():
        raise Invalid("set.bad_part", given=line.strip()[:60])
    return Part(match[2], quantity)
