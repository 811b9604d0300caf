"""By which rules a unit numbers its pieces, and which numbers are next: read, not given."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple

from registry.assets.models import Asset, FormerNumber, NumberSequence, NumberTemplate
from registry.assets.numbering import (
    LAST_SEQUENCE,
    UNIT_LENGTH,
    NumberFacts,
    NumberScheme,
    number_of,
    rule_for,
)
from registry.assets.rules import number_key
from registry.core.errors import Conflict, Invalid
from registry.core.ids import may_be_name
from registry.core.statements import column, first_value

LOOK_AHEAD = 200  # numbers that are looked up at once, to pass by those that somebody typed


class FreeNumber(NamedTuple):
    """A number that nothing has or had, and its place in the sequence."""

    number: str
    place: int


async def number_schemes(unit: str = "") -> list[NumberScheme]:
    """The rules of a unit, of all without one; by unit, the newest first."""
    if unit and not may_be_name(unit, UNIT_LENGTH):
        return []
    rows = NumberTemplate.filter(unit=unit) if unit else NumberTemplate.filter()
    return [scheme_of(row) for row in await rows.order_by("unit", "-starts_on", "accounts", "id")]


def scheme_of(row: NumberTemplate) -> NumberScheme:
    """A stored rule."""
    accounts = tuple(row.accounts.split(",")) if row.accounts else ()
    return NumberScheme(row.id, row.unit, accounts, row.template, row.starts_on, row.first_place)


async def numbering_units(today: date) -> list[str]:
    """The units whose pieces can be numbered today, in the order of the alphabet."""
    rows = NumberTemplate.filter(starts_on__lte=today).distinct()
    return sorted(await column(rows, "unit"))


async def check_unit(unit: str, today: date) -> None:
    """Raises Conflict("numbering.no_scheme") for a unit that numbers nothing today."""
    if unit not in await numbering_units(today):
        raise Conflict("numbering.no_scheme", unit=unit, day=today.isoformat())


async def places_given() -> dict[tuple[int, int], int]:
    """How far each sequence is given, by the id of its rule and its year."""
    rows = await NumberSequence.filter().values_list("number_template_id", "year", "last_place")
    return {(scheme_id, year): last for scheme_id, year, last in rows}


async def last_place(scheme: NumberScheme, year: int) -> int:
    """The place of a sequence that was given last; the one before its first where none was."""
    last = await first_value(NumberSequence.filter(number_template_id=scheme.id, year=year), "last_place")
    return scheme.start_of(year) - 1 if last is None else last


class ComingNumbers:
    """The numbers that pieces would get by these rules of a unit one after another, if nobody is quicker. None is
    given. Numbers whose keys are among ``besides`` are passed by.
    """

    def __init__(self, schemes: Sequence[NumberScheme], besides: Collection[str] = ()) -> None:
        self.schemes = schemes
        self._last: dict[tuple[int, int], int] = {}
        self._keys = set(besides)

    async def of(self, pieces: Sequence[NumberFacts]) -> list[str]:
        """Those of the next pieces, in their order. Raises as :func:`rule_for`, and as :func:`free_numbers`."""
        numbers = [""] * len(pieces)
        lots: dict[tuple[int, int], list[int]] = {}
        rules = [rule_for(self.schemes, facts) for facts in pieces]
        for at, (rule, facts) in enumerate(zip(rules, pieces, strict=True)):
            lots.setdefault((rule.id, rule.year_of(facts.day)), []).append(at)
        for (rule_id, year), lot in sorted(lots.items()):
            rule = rules[lot[0]]
            if (rule_id, year) not in self._last:
                self._last[rule_id, year] = await last_place(rule, year)
            free = await free_numbers(rule, [pieces[at] for at in lot], self._last[rule_id, year], self._keys)
            self._last[rule_id, year] = free[-1].place
            for at, one in zip(lot, free, strict=True):
                numbers[at] = one.number
                self._keys.add(number_key(one.number))
        return numbers


async def next_numbers(facts: NumberFacts, many: int) -> list[str]:
    """The numbers that so many pieces would get now, if nobody is quicker. Raises as :func:`rule_for`."""
    return await ComingNumbers(await number_schemes(facts.unit)).of([facts] * many)


async def free_numbers(
    scheme: NumberScheme, pieces: Sequence[NumberFacts], last: int, besides: Collection[str] = ()
) -> list[FreeNumber]:
    """The free numbers behind the ``last`` place, one for each piece in their order. A place whose number a piece has
    or had, or whose key is among ``besides``, is passed by.

    Raises Invalid("numbering.bad_first") where the sequence ends.
    """
    free: list[FreeNumber] = []
    while len(free) < len(pieces):
        lot = pieces[len(free) : len(free) + LOOK_AHEAD]
        trial = [FreeNumber(number_of(scheme.template, facts, last + at), last + at) for at, facts in enumerate(lot, 1)]
        occupied = await _taken([one.number for one in trial], besides)
        good = next((at for at, one in enumerate(trial) if number_key(one.number) in occupied), len(trial))
        free += trial[:good]
        last += good
        if good < len(trial):
            last = await _last_taken(scheme, lot[good], last, besides)
        if last > LAST_SEQUENCE:
            raise Invalid("numbering.bad_first", limit=LAST_SEQUENCE)
    return free


async def _last_taken(scheme: NumberScheme, facts: NumberFacts, last: int, besides: Collection[str]) -> int:
    """The place before the next one whose number is free."""
    while last <= LAST_SEQUENCE:
        numbers = [number_of(scheme.template, facts, last + at) for at in range(1, LOOK_AHEAD + 1)]
        occupied = await _taken(numbers, besides)
        for number in numbers:
            if number_key(number) not in occupied:
                return last
            last += 1
    return last


async def _taken(numbers: Sequence[str], besides: Collection[str]) -> set[str]:
    """Those of these numbers, as they are compared, that are not free."""
    keys = [number_key(number) for number in numbers]
    former = await column(FormerNumber.filter(number_key__in=keys), "number_key")
    return {*await column(Asset.filter(number_key__in=keys), "number_key"), *former, *besides}
