"""The books beside the count, and what came of the differences. Only for who may be told: of a blind count when all of
it is closed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from registry.core.aside import aside
from registry.core.cache import Cache
from registry.core.errors import Conflict
from registry.core.history import HistoryEntry, entries_by_thing
from registry.stocktakes.models import CountDifference, SettlementTask, Stocktake, StocktakeArea
from registry.stocktakes.queries import expectations_of, sights_of, written_rows
from registry.stocktakes.rules import (
    CountLine,
    DifferenceKind,
    FoundDifference,
    StocktakeState,
    compare,
    deciding,
    differences,
    like_surpluses,
    shows_books,
)

_CORRECTED = """SELECT {thing} AS thing, sheet.area_id, correction.quantity FROM sheet_correction correction
JOIN count_sheet sheet ON sheet.id = correction.sheet_id WHERE sheet.stocktake_id = ? ORDER BY correction.id"""
# the lines of a sheet are numbered as they stand
_THING = {"sqlite": "json_extract(sheet.contents, '$.rows[' || (correction.line - 1) || '].thing')",
          "": "sheet.contents->'rows'->(correction.line - 1)->>'thing'"}  # fmt: skip
TOGETHER = 1000  # things whose moves are asked for at once
_MOVES = ("moved", "assigned", "transferred", "donated", "sold", "liquidated", "sent_to_repair", "withdrawn")


@dataclass(frozen=True)
class ComparedBooks:
    """The books beside the count, line by line, and all that differs."""

    lines: Sequence[CountLine]
    differences: Sequence[FoundDifference]

    @cached_property
    def shortage(self) -> Decimal:
        """PLN of what is missing, before anything is made up for."""
        return sum((one.value for one in self.differences if one.kind == "shortage"), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class SettledStocktake:
    """What came of the count: the books beside it, what differs, how it was valued, and what is to be done."""

    lines: Sequence[CountLine]
    differences: Sequence[FoundDifference]
    values: Sequence[CountDifference] = ()
    tasks: Sequence[SettlementTask] = ()
    moves: Mapping[int, HistoryEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BooksPage:
    """A part of what came of the count: the ``differences`` of a page with their values and moves by key and thing, and
    ``tasks`` of those that there are. ``surpluses`` are what each of these shortages may be made up for with.
    ``valued`` is how many of the differences have a value.
    """

    books: ComparedBooks
    differences: Sequence[FoundDifference]
    moves: Mapping[int, HistoryEntry]
    values: Mapping[str, CountDifference] = field(default_factory=dict)
    surpluses: Mapping[str, Sequence[FoundDifference]] = field(default_factory=dict)
    valued: int = 0
    tasks: Sequence[SettlementTask] = ()
    tasks_total: int = 0


# what was closed changes with its revision alone
_compared: Cache[tuple[int, int], ComparedBooks] = Cache(at_most=4)


async def compared(stocktake: Stocktake) -> ComparedBooks:
    """The books beside the count. Only for who may be told."""
    if stocktake.state is StocktakeState.COUNTING:
        return await _compare(stocktake.id)
    return await _compared.load((stocktake.id, stocktake.revision), lambda: _compare(stocktake.id))


async def _compare(stocktake_id: int) -> ComparedBooks:
    areas = await StocktakeArea.filter(stocktake_id=stocktake_id)
    sights, expectations = await sights_of(stocktake_id, areas), await expectations_of(stocktake_id)
    corrections = await _corrections(stocktake_id)

    def work() -> ComparedBooks:
        last = deciding(sights)
        # a thing that was seen in two areas is on two sheets: the one of its last sighting decides
        quantities = {
            thing: many
            for (thing, area_id), many in corrections.items()
            if thing in last and last[thing].area_id == area_id
        }
        lines = compare(expectations.values(), last, quantities)
        return ComparedBooks(lines, differences(lines))

    books: ComparedBooks = await aside(work)
    return books


async def _corrections(stocktake_id: int) -> dict[tuple[str, int], int]:
    """The last quantity that was put right, by thing and the area of the sheet."""
    rows = await written_rows(_CORRECTED, stocktake_id, thing=_THING)
    return {(row["thing"], row["area_id"]): row["quantity"] for row in rows}


async def books_of(stocktake: Stocktake) -> SettledStocktake:
    """The books beside the count, and what came of it. Raises Conflict("stocktake.blind") while nobody may be told."""
    books = await _told(stocktake)
    values = await CountDifference.filter(stocktake_id=stocktake.id).order_by("id")
    tasks = SettlementTask.filter(stocktake_id=stocktake.id).order_by("id")
    moves = await moves_during(stocktake, _things(books.differences))
    with_papers = await tasks.select_related("count_difference", "document")
    return SettledStocktake(books.lines, books.differences, values, with_papers, moves)


async def books_page(stocktake: Stocktake, start: int, tasks_from: int, limit: int) -> BooksPage:
    """So many of the differences and of the tasks, from these on. Raises as :func:`books_of`."""
    books = await _told(stocktake)
    part = books.differences[start : start + limit]
    moves = await moves_during(stocktake, _things(part))
    state, values = stocktake.state, CountDifference.filter(stocktake_id=stocktake.id)
    if state is StocktakeState.COUNTING:
        return BooksPage(books, part, moves)
    by_key = {one.key: one for one in await values.filter(key__in=[one.key for one in part])}
    if state is StocktakeState.CLOSED:
        netted = values.filter(kind=DifferenceKind.SHORTAGE).exclude(netted_with="")
        pairs = {str(surplus): str(key) for surplus, key in await netted.values_list("netted_with", "key")}
        surpluses = like_surpluses(books.differences, part, pairs)
        return BooksPage(books, part, moves, by_key, surpluses, await values.count())
    if state is StocktakeState.VALUED:
        return BooksPage(books, part, moves, by_key)
    tasks = SettlementTask.filter(stocktake_id=stocktake.id)
    rows = await tasks.order_by("id").offset(tasks_from).limit(limit).select_related("count_difference", "document")
    return BooksPage(books, part, moves, by_key, tasks=rows, tasks_total=await tasks.count())


async def _told(stocktake: Stocktake) -> ComparedBooks:
    if not shows_books(stocktake.is_blind, stocktake.state):
        raise Conflict("stocktake.blind")
    return await compared(stocktake)


def _things(all_of_them: Sequence[FoundDifference]) -> list[int]:
    return list({one.line.asset_id: None for one in all_of_them if one.line.asset_id})


async def moves_during(stocktake: Stocktake, asset_ids: Collection[int]) -> dict[int, HistoryEntry]:
    """The last way that each of these pieces went between the opening of the count and its valuation: it may explain
    a difference. What the settlement did is none.
    """
    opened_at, valued_at = stocktake.opened_at, stocktake.valued_at
    if opened_at is None or not asset_ids:
        return {}
    moves: dict[int, HistoryEntry] = {}
    things = [f"asset:{pk}" for pk in asset_ids]
    for first in range(0, len(things), TOGETHER):
        for thing, entries in (await entries_by_thing(things[first : first + TOGETHER], _MOVES)).items():
            during = [one for one in entries if one.at >= opened_at and (valued_at is None or one.at <= valued_at)]
            if during:
                moves[int(thing.partition(":")[2])] = during[0]
    return moves
