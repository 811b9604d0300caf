"""Inventory numbers given in the transaction of the act that needs them: without a gap, none twice, and none where the
act is rolled back. And the rules that they are made by.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from registry.assets.models import Asset, NumberSequence, NumberTemplate
from registry.assets.next_numbers import free_numbers, number_schemes
from registry.assets.numbering import NumberFacts, NumberScheme, place_of, rule_for, scheme_for, template_faults
from registry.assets.rules import SEARCHED, fold, number_columns, number_key
from registry.core import history
from registry.core.aside import aside
from registry.core.errors import Conflict, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import write
from registry.core.transaction import transaction
from registry.rooms.queries import office_day

_BEGIN = """INSERT INTO number_sequence (number_template_id, year, last_place) VALUES (?, ?, ?)
ON CONFLICT (number_template_id, year) DO NOTHING"""


@dataclass(frozen=True, slots=True)
class NewScheme:
    """As :class:`registry.assets.numbering.NumberScheme`, about to be made."""

    unit: str
    template: str
    starts_on: date
    accounts: tuple[str, ...] = ()
    first: int = 1


async def add_scheme(
    new: NewScheme, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> NumberTemplate:
    """Number a unit's pieces by a template from a day on.

    Raises Invalid: numbering.bad_unit, numbering.bad_template and their kin; Conflict("numbering.taken").
    """
    for refusal in template_faults(new.unit, new.accounts, new.template, new.first):
        raise refusal
    accounts = ",".join(sorted(set(new.accounts)))
    async with transaction():
        # two of one day for the same account: nobody could say which holds
        for scheme in await number_schemes(new.unit):
            is_same = not (scheme.accounts or new.accounts) or set(scheme.accounts) & set(new.accounts)
            if scheme.starts_on == new.starts_on and is_same:
                raise Conflict("numbering.taken", unit=new.unit, field="starts_on")
        row = NumberTemplate(
            unit=new.unit, accounts=accounts, template=new.template, starts_on=new.starts_on, first_place=new.first
        )
        await row.save()
        await history.write(f"numbering:{row.unit}", "scheme_added", actor, now, after=_entry(row))
        await record(request_key, row)
    return row


async def remove_scheme(scheme_id: int, actor: Actor, now: datetime) -> None:
    """Take back a rule by which no number was given yet. Raises NotFound("numbering.unknown"),
    Conflict("numbering.in_use").
    """
    async with transaction():
        row = await NumberTemplate.select_for_update().get_or_none(id=scheme_id)
        if row is None:
            raise NotFound("numbering.unknown")
        if await NumberSequence.exists(number_template_id=row.id):
            raise Conflict("numbering.in_use")
        await row.delete()
        await history.write(f"numbering:{row.unit}", "scheme_removed", actor, now, before=_entry(row))


def _entry(row: NumberTemplate) -> dict[str, Any]:
    return {"template": row.template, "accounts": row.accounts, "starts_on": row.starts_on, "first": row.first_place}


async def give_numbers(pieces: Sequence[tuple[Asset, str]], now: datetime, besides: Collection[str] = ()) -> None:
    """Give the next numbers to those of these pieces that have none and a unit, inside the caller's transaction. They
    are new, or locked, and stored by the caller. Numbers whose keys are among ``besides`` are passed by.

    Raises Conflict("numbering.no_scheme"), Invalid("numbering.no_kst").
    """
    lots: dict[tuple[int, int], list[tuple[Asset, NumberFacts]]] = {}
    schemes: dict[str, list[NumberScheme]] = {}
    by_id: dict[int, NumberScheme] = {}
    keys = {asset.number_key for asset, _ in pieces if asset.number_key} | set(besides)
    for asset, unit in pieces:
        if asset.number_key or not unit:
            continue
        if unit not in schemes:
            schemes[unit] = await number_schemes(unit)
        facts = NumberFacts(unit, asset.account, asset.kst, asset.accepted_on or await office_day(now))
        scheme = rule_for(schemes[unit], facts)
        by_id[scheme.id] = scheme
        lots.setdefault((scheme.id, scheme.year_of(facts.day)), []).append((asset, facts))
    for (scheme_id, year), lot in sorted(lots.items(), key=lambda item: item[0]):  # two acts never wait for each other
        sequence = await _locked_sequence(by_id[scheme_id], year)
        free = await free_numbers(by_id[scheme_id], [facts for _, facts in lot], sequence.last_place, keys)
        for (asset, _), (number, _) in zip(lot, free, strict=True):
            _put(asset, number)
            keys.add(number_key(number))
        await write(("UPDATE number_sequence SET last_place = ? WHERE id = ?", [free[-1].place, sequence.id]))


async def take_numbers_back(pieces: Sequence[tuple[Asset, date]]) -> None:
    """Numbers of pieces that are undone, each with the day it came, are the next ones again, as far as none was given
    behind them. Inside the transaction in which the pieces go.
    """
    if not pieces:
        return
    places = await aside(_places_of, pieces, await number_schemes())
    for (scheme_id, year), free in sorted(places.items()):  # two acts never wait for each other
        rows = NumberSequence.select_for_update().filter(number_template_id=scheme_id, year=year)
        for sequence in await rows:  # none where no number was given: somebody typed it
            last = sequence.last_place
            while last in free:
                last -= 1
            if last != sequence.last_place:
                await write(("UPDATE number_sequence SET last_place = ? WHERE id = ?", [last, sequence.id]))


def _places_of(
    pieces: Sequence[tuple[Asset, date]], schemes: Sequence[NumberScheme]
) -> dict[tuple[int, int], set[int]]:
    """By rule and year the places that these pieces may have got their numbers at."""
    places: dict[tuple[int, int], set[int]] = {}
    by_unit = {unit: list(rules) for unit, rules in groupby(schemes, lambda scheme: scheme.unit)}
    for asset, came_on in pieces:
        for unit, rules in by_unit.items():
            facts = NumberFacts(unit, asset.account, asset.kst, asset.accepted_on or came_on)
            scheme = scheme_for(rules, unit, facts.account, facts.day)
            place = place_of(scheme.template, facts, asset.inventory_no or "") if scheme else None
            if scheme and place is not None:
                places.setdefault((scheme.id, scheme.year_of(facts.day)), set()).add(place)
    return places


async def _locked_sequence(scheme: NumberScheme, year: int) -> NumberSequence:
    """Whoever asks next waits until this transaction is over."""
    await write((_BEGIN, [scheme.id, year, scheme.start_of(year) - 1]))
    return await NumberSequence.select_for_update().get(number_template_id=scheme.id, year=year)


def _put(asset: Asset, number: str) -> None:
    for name, value in number_columns(number).items():
        setattr(asset, name, value)
    name = fold(asset.name)  # the search text begins with it, and a list is in its order
    asset.search_text = f"{name} {fold(number)}{asset.search_text.removeprefix(name)}"[:SEARCHED]
