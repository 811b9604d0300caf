"""What is asked about sets: the list with what each lacks, one with its pieces, and the set of a piece."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from registry.assets import tags
from registry.assets.models import Asset, Condition, Lifecycle
from registry.assets.rules import NUMBER_KEY_LENGTH, number_key
from registry.core.errors import NotFound
from registry.core.history import HistoryEntry, entries_of
from registry.core.ids import may_be_id, may_be_name
from registry.sets import rules
from registry.sets.models import AssetSet, SetPart, SetPiece
from registry.sets.rules import MemberPiece, Part, PartCheck

HISTORY_LIMIT = 100


@dataclass(frozen=True, slots=True)
class SetState:
    """A set with its pieces as they are now. ``place`` is the code of the room where most of them stand."""

    id: int
    name: str
    note: str
    revision: int
    is_dissolved: bool
    place: str | None
    parts: tuple[Part, ...]
    pieces: tuple[MemberPiece, ...]
    checks: tuple[PartCheck, ...]

    @property
    def is_complete(self) -> bool:
        return all(check.is_complete for check in self.checks)

    @property
    def lacking(self) -> int:
        """How many pieces are missing, elsewhere, or do not work."""
        return sum(max(check.wanted - check.working, 0) for check in self.checks)


async def sets_in_order(words: str, room: str, start: int, limit: int) -> tuple[list[SetState], int]:
    """A part of the sets that are not dissolved, by name, and how many there are. ``words`` are in their names,
    ``room`` is the code of a room where a piece of them stands.
    """
    matches = AssetSet.filter(dissolved_at=None)
    if words:
        matches = matches.filter(name__icontains=words)
    if room:
        there = SetPiece.filter(asset__room__code=room).distinct().values_list("asset_set_id", flat=True)
        matches = matches.filter(id__in=[int(str(pk)) for pk in await there])
    rows = await matches.order_by("name", "id").offset(start).limit(limit)
    return await _states(rows), await matches.count()


async def set_state(set_id: int) -> SetState:
    """Raises NotFound("set.unknown")."""
    row = await AssetSet.get_or_none(id=set_id) if may_be_id(set_id) else None
    if row is None:
        raise NotFound("set.unknown", set=set_id)
    return (await _states([row]))[0]


async def _states(rows: Sequence[AssetSet]) -> list[SetState]:
    ids = [row.id for row in rows]
    parts: dict[int, list[Part]] = {pk: [] for pk in ids}
    for pk, *part in await SetPart.filter(asset_set_id__in=ids).order_by("id").values_list(
        "asset_set_id", "name", "quantity"
    ):  # fmt: skip
        parts[pk].append(Part(*part))
    pieces = await _pieces(ids)
    return [_state(row, parts[row.id], pieces.get(row.id, [])) for row in rows]


def _state(row: AssetSet, parts: list[Part], pieces: list[MemberPiece]) -> SetState:
    return SetState(
        id=row.id,
        name=row.name,
        note=row.note,
        revision=row.revision,
        is_dissolved=row.dissolved_at is not None,
        place=rules.place_of(pieces),
        parts=tuple(parts),
        pieces=tuple(pieces),
        checks=tuple(rules.checks(parts, pieces)),
    )


async def _pieces(set_ids: Collection[int]) -> dict[int, list[MemberPiece]]:
    pieces: dict[int, list[MemberPiece]] = {}
    if set_ids:
        in_the_books = SetPiece.exclude(asset__lifecycle=Lifecycle.WITHDRAWN)
        rows = in_the_books.filter(asset_set_id__in=list(set_ids)).order_by("asset__name", "asset_id")
        for set_id, *columns in await rows.values_list(
            "asset_set_id", "asset_id", "asset__name", "asset__inventory_no", "asset__quantity", "asset__room__code",
            "asset__lifecycle", "asset__condition", "asset__revision",
        ):  # fmt: skip
            pieces.setdefault(set_id, []).append(_piece(*columns))
    return pieces


def _piece(
    asset_id: int, name: str, inventory_no: str | None, quantity: int, room: str | None, lifecycle: str, condition: str,
    revision: int,
) -> MemberPiece:  # fmt: skip
    states = Lifecycle(lifecycle), Condition(condition)
    return MemberPiece(asset_id, name, inventory_no, quantity, room, *states, revision)


async def set_of(asset_id: int) -> dict[str, Any] | None:
    """The set of a piece as ``{id, name}``; None for one that stands on its own."""
    rows = await SetPiece.filter(asset_id=asset_id).values(id="asset_set_id", name="asset_set__name")
    return rows[0] if rows else None


async def candidates(numbers: Sequence[str], set_id: int | None = None) -> list[MemberPiece]:
    """The pieces with these inventory numbers or labels, in the order of the numbers. Raises NotFound("set.no_piece")
    for the first number that no piece has.
    """
    from_key = {key: number for number in numbers if (key := number_key(number))}
    possible = [key for key in from_key if may_be_name(key, NUMBER_KEY_LENGTH)]
    columns = "id", "name", "inventory_no", "quantity", "room__code", "lifecycle", "condition", "revision"
    in_the_books = Asset.exclude(lifecycle=Lifecycle.WITHDRAWN)
    rows = await in_the_books.filter(number_key__in=possible).values_list("number_key", *columns)
    by_key = {key: _piece(*row) for key, *row in rows}
    codes = {code: key for key, number in from_key.items() if key not in by_key and (code := tags.printed(number))}
    if codes:
        labelled = await in_the_books.filter(tags__code__in=list(codes)).values_list("tags__code", *columns)
        by_key |= {codes[code]: _piece(*row) for code, *row in labelled}
    for key, number in from_key.items():
        if key not in by_key:
            raise NotFound("set.no_piece", number=number[:60])
    return [by_key[key] for key in from_key]


async def history_of(set_id: int) -> list[HistoryEntry]:
    """What happened to a set, the newest first."""
    return await entries_of(f"set:{set_id}", HISTORY_LIMIT)
