"""What changes a stocktake as a whole: ordered, opened, counted anew in part, closed. Each is one transaction."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any

import orjson
from tortoise.expressions import Subquery

from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.events import StocktakeChanged
from registry.core.history import REASON_LENGTH, Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_id
from registry.core.statements import column, insert_many, reserve_ids
from registry.core.transaction import Change, transaction
from registry.documents.numbering import next_place
from registry.documents.rules import number_of
from registry.outbox.actions import NewNotice, tell
from registry.people.models import Person, Role
from registry.people.queries import person_by_login
from registry.people.rules import may
from registry.rooms.queries import office_day, open_room_by_code
from registry.stocktakes.models import (
    AreaCustodian,
    CommitteeMember,
    CountSheet,
    ExpectedPiece,
    Stocktake,
    StocktakeArea,
)
from registry.stocktakes.queries import counting_now, pieces_in, sight_of
from registry.stocktakes.rules import (
    MOST_EXPECTED,
    AreaKind,
    CommitteeCandidate,
    StocktakeKind,
    StocktakeState,
    are_pooled,
    committee_faults,
    counting_faults,
    mark_of,
    order_faults,
    sheet_rows,
)

# the series of numbers of stocktakes, and of their sheets
SERIES, SHEET_SYMBOL = "SPIS", "ASN"


@dataclass(frozen=True, slots=True)
class NewArea:
    """What is to be counted together: the code of a room, the login of a person, or a category."""

    kind: AreaKind
    code: str


@dataclass(frozen=True, slots=True)
class StocktakeOrder:
    """What somebody orders. ``committee`` are logins, ``chair`` is one of them."""

    areas: tuple[NewArea, ...]
    committee: tuple[str, ...]
    chair: str
    as_of: date
    is_blind: bool = True
    kind: StocktakeKind = StocktakeKind.PERIODIC
    basis: str = ""
    others: str = ""
    opens: bool = False


async def order(
    new: StocktakeOrder, person: Person, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Stocktake:
    """Order a stocktake, and open it with ``opens``.

    Raises what :func:`order_faults` and :func:`committee_faults` tell; NotFound: room.unknown, person.unknown;
    Conflict: room.closed, stocktake.too_large.
    """
    texts = {"basis": new.basis.strip(), "others": new.others.strip()}
    today = await office_day(now)
    wishes = list(dict.fromkeys(_plain(one) for one in new.areas))
    for fault in order_faults(len(wishes), new.as_of, today, texts):
        raise fault
    people = [await person_by_login(login) for login in dict.fromkeys(new.committee)]
    chair = next((one.id for one in people if one.login == new.chair.strip().lower()), None)
    async with transaction() as change:
        place = await next_place(SERIES, "", today.year)
        stocktake = await Stocktake.create(
            year=today.year, place=place, number=f"{place}/{today.year}", kind=new.kind, as_of=new.as_of,
            is_blind=new.is_blind, ordered_by_id=person.id, ordered_at=now,
            basis=texts["basis"], others=texts["others"],
        )  # fmt: skip
        areas = [await _area(stocktake, number, wish) for number, wish in enumerate(wishes, 1)]
        pieces = await pieces_in(areas)
        for fault in committee_faults(candidates(people, [piece for _, piece in pieces]), chair):
            raise fault
        await CommitteeMember.bulk_create(
            [
                CommitteeMember(stocktake_id=stocktake.id, person_id=one.id, name=one.name, is_chair=one.id == chair)
                for one in people
            ]
        )
        after = {
            "number": stocktake.number, "as_of": new.as_of.isoformat(), "blind": new.is_blind,
            "areas": [area.name for area in areas], "committee": [one.name for one in people],
        }  # fmt: skip
        await history.write_new([(f"stocktake:{stocktake.id}", after)], "ordered", actor, now)
        if new.opens:
            await _open(stocktake, areas, pieces, actor, now)
            await _tell(change, stocktake, "stocktake.opened", [one.id for one in people], actor, now)
        change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, stocktake)
    return stocktake


async def open_count(
    stocktake_id: int,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> Stocktake:
    """Begin to count: what the register has in the areas now is what the books expect. Who has come to answer for
    some of it cannot count any more.

    Raises NotFound("stocktake.unknown"); Conflict: stocktake.was_opened, stocktake.answers_for_things,
    stocktake.too_large, request.stale.
    """
    async with transaction() as change:
        stocktake = await locked_stocktake(stocktake_id, if_revision)
        if stocktake.state is not StocktakeState.ORDERED:
            raise Conflict("stocktake.was_opened")
        areas = await StocktakeArea.filter(stocktake_id=stocktake.id).order_by("place")
        pieces = await pieces_in(areas)
        members = await CommitteeMember.filter(stocktake_id=stocktake.id).order_by("id").select_related("person")
        chair = next(one.person_id for one in members if one.is_chair)
        people = [one.person for one in members]
        for fault in committee_faults(candidates(people, [piece for _, piece in pieces]), chair):
            raise fault
        stocktake.revision += 1
        await _open(stocktake, areas, pieces, actor, now)
        await _tell(change, stocktake, "stocktake.opened", [one.id for one in people], actor, now)
        change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, stocktake)
    return stocktake


async def _open(
    stocktake: Stocktake, areas: Sequence[StocktakeArea], pieces: Sequence[tuple[StocktakeArea, dict[str, Any]]],
    actor: Actor, now: datetime,
) -> None:  # fmt: skip
    if len(pieces) > MOST_EXPECTED:
        raise Conflict("stocktake.too_large", limit=MOST_EXPECTED)
    ids = await reserve_ids("expected_piece", len(pieces)) if pieces else []
    rows = [
        ExpectedPiece(
            id=pk, stocktake_id=stocktake.id, area_id=area.id, asset_id=piece["id"], name=piece["name"],
            inventory_no=piece["inventory_no"] or "", serial_no=piece["serial_no"], quantity=piece["quantity"],
            price=piece["price"], room_id=piece["room_id"], room_code=piece["room"] or "",
            custodian_name=piece["custodian"] or "",
        )
        for pk, (area, piece) in zip(ids, pieces, strict=True)
    ]  # fmt: skip
    if rows:
        await insert_many(rows)
    custodians = {(area.id, piece["custodian_id"]) for area, piece in pieces if piece["custodian_id"]}
    await AreaCustodian.bulk_create(
        [
            AreaCustodian(stocktake_id=stocktake.id, area_id=area_id, person_id=person_id)
            for area_id, person_id in sorted(custodians)
        ],
        batch_size=500,
    )
    stocktake.state, stocktake.opened_at = StocktakeState.COUNTING, now
    await stocktake.save()
    # how many things are expected is not written here: the history of a blind count may be read
    await history.write(f"stocktake:{stocktake.id}", "opened", actor, now, after={"areas": len(areas)})


async def recount(
    stocktake_id: int, area: str | int, reason: str, person: Person, actor: Actor, now: datetime,
    request_key: RequestKey | None = None,
) -> StocktakeArea:  # fmt: skip
    """Count an area anew: what was seen in it before counts no more, and stays to be read. Areas that are counted
    together (:func:`are_pooled`) begin together.

    Raises NotFound: stocktake.unknown, stocktake.no_area_of; Invalid("request.missing_field"); Conflict as
    :func:`counting_faults`.
    """
    if not reason.strip():
        raise Invalid("request.missing_field", field="reason")
    async with transaction() as change:
        stocktake = await locked_stocktake(stocktake_id)
        row = await area_named(stocktake.id, area)
        is_member = await CommitteeMember.filter(stocktake_id=stocktake.id, person_id=person.id).exists()
        for fault in counting_faults(stocktake.state, is_member, row.closed_at is not None):
            raise fault
        for one in await _counted_together(stocktake, row):
            one.lap += 1
            await one.save(update_fields=["lap"])
            after = {"area": one.name, "number": one.place, "lap": one.lap}
            await history.write(
                f"stocktake:{stocktake.id}", "recounted", actor, now, after=after, reason=reason.strip()
            )
        await _revise(stocktake)
        change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, row)
    return row


async def _counted_together(stocktake: Stocktake, area: StocktakeArea) -> list[StocktakeArea]:
    areas = await StocktakeArea.filter(stocktake_id=stocktake.id).order_by("place")
    if area.kind is AreaKind.ROOM or not are_pooled(stocktake.is_blind, stocktake.state, [one.kind for one in areas]):
        return [area]
    others = [one for one in areas if one.kind is not AreaKind.ROOM and one.closed_at is None and one.id != area.id]
    return [area, *others]


async def close(
    stocktake_id: int, person: Person, actor: Actor, now: datetime, area: str | int = "",
    if_revision: int | None = None, request_key: RequestKey | None = None,
) -> Stocktake:  # fmt: skip
    """Close an area, or all that are open: each gets its sheet, numbered and hashed, which nothing changes any more.
    With the last one the stocktake is closed. Who ordered it may close it as well as who counts.

    Raises NotFound: stocktake.unknown, stocktake.no_area_of; Conflict as :func:`counting_faults`, request.stale.
    """
    async with transaction() as change:
        stocktake = await locked_stocktake(stocktake_id, if_revision)
        members = await CommitteeMember.filter(stocktake_id=stocktake.id).order_by("-is_chair", "id")
        may_close = may(person.role, "stocktakes.order") or any(one.person_id == person.id for one in members)
        areas = await StocktakeArea.filter(stocktake_id=stocktake.id).order_by("place")
        still_open = [one for one in areas if one.closed_at is None]
        chosen = still_open if area == "" else [await area_named(stocktake.id, area)]
        for fault in counting_faults(stocktake.state, may_close, chosen[0].closed_at is not None if chosen else False):
            raise fault
        ids = {one.id for one in chosen}
        is_last = all(one.closed_at is not None or one.id in ids for one in areas)
        if is_last and are_pooled(stocktake.is_blind, stocktake.state, [one.kind for one in areas]):
            await _sort_out(stocktake, [one for one in chosen if one.kind is not AreaKind.ROOM])
        for one in chosen:
            await _close_area(stocktake, one, members, actor, now)
        if is_last:
            stocktake.state, stocktake.closed_at = StocktakeState.CLOSED, now
            await history.write(f"stocktake:{stocktake.id}", "closed", actor, now)
            await _tell(change, stocktake, "stocktake.closed", await accountants(), actor, now)
        await _revise(stocktake)
        change.happened(StocktakeChanged(stocktake.id))
        await record(request_key, stocktake)
    return stocktake


async def _sort_out(stocktake: Stocktake, areas: Sequence[StocktakeArea]) -> None:
    """Put what was counted together on the sheet of the area that expects it: nothing is blind any more."""
    for area in areas:
        others = [one for one in areas if one.id != area.id]
        theirs = Subquery(ExpectedPiece.filter(area_id=area.id).values("asset_id"))
        rows = counting_now(stocktake.id, others).filter(asset_id__in=theirs)
        await rows.update(area_id=area.id, lap=area.lap)


async def _close_area(
    stocktake: Stocktake, area: StocktakeArea, members: Sequence[CommitteeMember], actor: Actor, now: datetime
) -> None:
    rows = await counting_now(stocktake.id, [area]).filter(area_id=area.id).order_by("at", "id")
    sights = [sight_of(row) for row in rows]
    day = await office_day(now)
    place = await next_place(SHEET_SYMBOL, "", day.year)
    custodians = (
        await ExpectedPiece.filter(area_id=area.id)
        .distinct()
        .order_by("custodian_name")
        .values_list("custodian_name", flat=True)
    )
    contents = {
        "number": number_of(SHEET_SYMBOL, "", day.year, place),
        "stocktake": stocktake.number, "kind": str(stocktake.kind), "blind": stocktake.is_blind,
        "basis": stocktake.basis, "area": area.name, "as_of": stocktake.as_of.isoformat(),
        "committee": [one.name for one in members], "custodians": [str(name) for name in custodians if name],
        "others": stocktake.others, "began_at": (sights[0].at if sights else stocktake.opened_at or now).isoformat(),
        "ended_at": now.isoformat(), "closed_by": actor.name, "laps": area.lap,
        "rows": [asdict(row) for row in sheet_rows(sights)],
    }  # fmt: skip
    digest = digest_of_sheet(contents)
    await CountSheet.create(
        stocktake_id=stocktake.id, area_id=area.id, number=contents["number"],
        contents=contents | {"mark": mark_of(digest)}, digest=digest, closed_at=now, closed_by=actor.name[:120],
    )  # fmt: skip
    area.closed_at = now
    await area.save(update_fields=["closed_at"])
    after = {"area": area.name, "sheet": contents["number"], "sha256": digest, "lines": len(sights)}
    await history.write(f"stocktake:{stocktake.id}", "area_closed", actor, now, after=after)


def digest_of_sheet(contents: dict[str, Any]) -> str:
    """SHA-256 over all that a sheet says, but for the mark that is made of it. In hex."""
    words = {name: value for name, value in contents.items() if name != "mark"}
    return hashlib.sha256(orjson.dumps(words, option=orjson.OPT_SORT_KEYS)).hexdigest()


def candidates(people: Sequence[Person], pieces: Sequence[dict[str, Any]]) -> list[CommitteeCandidate]:
    """People as the rules of a committee read them."""
    custody = Counter(piece["custodian_id"] for piece in pieces)
    return [CommitteeCandidate(one.id, one.name, one.role, one.is_active, custody[one.id]) for one in people]


async def locked_stocktake(stocktake_id: int, if_revision: int | None = None) -> Stocktake:
    """A stocktake, locked inside the caller's transaction. Raises NotFound("stocktake.unknown"),
    Conflict("request.stale").
    """
    row = await Stocktake.select_for_update().get_or_none(id=stocktake_id) if may_be_id(stocktake_id) else None
    if row is None:
        raise NotFound("stocktake.unknown")
    if if_revision not in (None, row.revision):
        raise Conflict("request.stale", revision=row.revision)
    return row


async def area_named(stocktake_id: int, name: str | int) -> StocktakeArea:
    """An area by its number, given as one. By a word it is that with this code of its room, or else this name, or else
    this number: a room may have the code 2. Raises NotFound("stocktake.no_area_of").
    """
    areas = await StocktakeArea.filter(stocktake_id=stocktake_id).order_by("place").select_related("room")
    words: tuple[Callable[[StocktakeArea], str | int], ...] = (
        lambda one: one.room.code if one.room else "", attrgetter("name"), lambda one: str(one.place),
    )  # fmt: skip
    for word in words if isinstance(name, str) else (attrgetter("place"),):
        if row := next((one for one in areas if name and word(one) == name), None):
            return row
    raise NotFound("stocktake.no_area_of", area=str(name)[:40])


def _plain(wish: NewArea) -> NewArea:
    """The same with a login as it is stored: nobody is an area twice."""
    return NewArea(wish.kind, wish.code.strip().lower()) if wish.kind is AreaKind.PERSON else wish


async def _area(stocktake: Stocktake, place: int, wish: NewArea) -> StocktakeArea:
    columns: dict[str, Any] = {"name": wish.code}
    if wish.kind is AreaKind.ROOM:
        room = await open_room_by_code(wish.code)
        columns = {"room_id": room.id, "name": f"{room.code} {room.name}"}
    elif wish.kind is AreaKind.PERSON:
        person = await person_by_login(wish.code)
        columns = {"person_id": person.id, "name": person.name}
    else:
        columns["category"] = wish.code[:80]
    return await StocktakeArea.create(stocktake_id=stocktake.id, place=place, kind=wish.kind, **columns)


async def accountants() -> list[int]:
    """Who values the differences: those whose work it is, and not whoever may do everything."""
    return await column(Person.filter(is_active=True, role=Role.ACCOUNTANT).order_by("id"), "id")


async def _tell(
    change: Change, stocktake: Stocktake, kind: str, people: Sequence[int], actor: Actor, now: datetime
) -> None:
    """Tell these people but whoever did it."""
    thing, facts = f"stocktake:{stocktake.id}", {"number": stocktake.number, "by": actor.name}
    event = f"{thing}:{kind}"
    notices = [NewNotice(pk, kind, event, thing, facts) for pk in people if pk != actor.person_id]
    await tell(change, notices, now)


async def _revise(stocktake: Stocktake) -> None:
    stocktake.revision += 1
    await stocktake.save()


def cut(reason: str) -> str:
    """A reason as it is stored."""
    return reason.strip()[:REASON_LENGTH]
