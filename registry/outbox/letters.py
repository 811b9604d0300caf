"""Notices into letters, and letters out: which process carries which, what came of it, and another try.

Any number of processes may send. A letter is claimed by a lease, so that two never carry it at once; a process that
died while it carried one leaves it to another when the lease is over, which may carry it a second time.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tortoise.connection import get_connections
from tortoise.expressions import F
from tortoise.queryset import QuerySet

from registry.core import history
from registry.core.errors import Conflict
from registry.core.folding import printable
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_id
from registry.core.statements import ask, column
from registry.core.transaction import transaction
from registry.outbox.models import Letter, LetterState, Notice, NoticeWishes
from registry.outbox.queries import LetterLine, letter_line, notices_by_id, wishes_in
from registry.outbox.rules import (
    ACCOUNT,
    DEFAULT,
    GIVE_UP,
    HOURLY,
    KINDS,
    SECRET_KINDS,
    Timing,
    Wishes,
    leaves_at,
    next_local,
    next_try,
)

MAIL = "mail"
LOT = 100  # a hundred rows are some milliseconds of the loop
LEASE = timedelta(minutes=5)
# the few are chosen apart: PostgreSQL may run a part of a condition once for each row, and each time choose others
_SORT = """WITH few AS MATERIALIZED (
SELECT id FROM notice WHERE sorted_at IS NULL AND kind IN ({kinds}) ORDER BY id LIMIT ?{skip})
UPDATE notice SET sorted_at = ? WHERE id IN (SELECT id FROM few) RETURNING id"""
_CLAIM = """WITH few AS MATERIALIZED (
SELECT id FROM letter WHERE state = 'waiting' AND next_try_at <= ? AND (leased_until IS NULL OR leased_until <= ?)
ORDER BY next_try_at, id LIMIT ?{skip})
UPDATE letter SET leased_until = ?, lease = ? WHERE id IN (SELECT id FROM few) RETURNING id"""


@dataclass(frozen=True, slots=True)
class SortingPlan:
    """How notices become letters: whether mail leaves at all, the names of the other channels, how many letters a
    person gets within an hour before the rest is gathered, and the office's zone.
    """

    has_mail: bool
    channels: frozenset[str]
    hourly: int
    zone: ZoneInfo


class _Row(NamedTuple):
    id: int
    kind: str
    facts: dict[str, Any]
    person_id: int
    mail: str
    is_active: bool


async def sort_out(plan: SortingPlan, now: datetime) -> int:
    """Put what was told since the last time into letters, as each person chose. Returns how many notices there were."""
    async with transaction():
        query = _locked(_SORT, kinds=", ".join("?" * len(KINDS)))  # a newer Izba's own are left for it
        ids = [row["id"] for row in await ask(query, [*KINDS, LOT, now.astimezone(UTC)])]
        if ids:
            await _put(ids, plan, now)
    return len(ids)


def _locked(statement: str, **parts: str) -> str:
    """Of two processes on PostgreSQL each takes other rows; on SQLite one writes at a time."""
    is_postgres = get_connections().get("default").capabilities.dialect == "postgres"
    return statement.format(skip=" FOR UPDATE SKIP LOCKED" if is_postgres else "", **parts)


async def _put(ids: Collection[int], plan: SortingPlan, now: datetime) -> None:
    """Letters of these notices, inside the transaction that took them."""
    columns = ("id", "kind", "facts", "person_id", "person__mail", "person__is_active")
    rows = [_Row(*row) for row in await Notice.filter(id__in=list(ids)).order_by("id").values_list(*columns)]
    rows = [row for row in rows if row.is_active]
    people = {row.person_id for row in rows}
    wishes = {row.person_id: wishes_in(row) for row in await NoticeWishes.filter(person_id__in=list(people))}
    recent = Letter.filter(person_id__in=list(people), created_at__gt=now - HOURLY, channel=MAIL)
    counts: Counter[int] = Counter(await column(recent, "person_id"))
    digests = await _open_digests(people)
    fresh: list[Letter] = []
    fuller: set[tuple[int, str]] = set()
    for row in rows:
        wish = wishes.get(row.person_id, DEFAULT)
        for channel in _channels(row, wish, plan):
            timing = wish.timing(row.kind)
            if timing is Timing.NEVER:
                continue
            is_private = KINDS[row.kind] is ACCOUNT  # somebody waits for it to get in
            is_many = timing is Timing.AT_ONCE and not is_private and counts[row.person_id] >= plan.hourly
            if timing is Timing.AT_ONCE and not is_many:
                counts[row.person_id] += channel == MAIL
                at = now if is_private else leaves_at(wish, now, plan.zone, _begins(row.facts))
                fresh.append(_letter(row, channel, at, now))
                continue
            key = row.person_id, channel
            at = now + HOURLY if is_many else next_local(wish.daily_minute, now, plan.zone)
            if key not in digests:
                digests[key] = _letter(row, channel, at, now, is_digest=True)
                fresh.append(digests[key])
            else:  # what is urgent takes the rest along
                digests[key].notices = [*digests[key].notices, row.id]
                digests[key].next_try_at = min(digests[key].next_try_at, at)
                fuller.add(key)
    for key in fuller:
        if digests[key]._saved_in_db:
            columns_of_digest = {"notices": digests[key].notices, "next_try_at": digests[key].next_try_at}
            await Letter.filter(id=digests[key].id).update(**columns_of_digest)
    if fresh:
        await Letter.bulk_create(fresh, batch_size=500)


async def _open_digests(people: Collection[int]) -> dict[tuple[int, str], Letter]:
    """The letters of these people that take further notices, but for one that is being carried."""
    if not people:
        return {}
    waiting = Letter.filter(person_id__in=list(people), is_digest=True, state=LetterState.WAITING, tries=0)
    rows = await waiting.filter(leased_until__isnull=True).select_for_update(skip_locked=True)
    return {(letter.person_id, letter.channel): letter for letter in rows}


def _channels(row: _Row, wish: Wishes, plan: SortingPlan) -> list[str]:
    channels = [MAIL] if plan.has_mail and row.mail else []
    is_private = KINDS[row.kind] is ACCOUNT
    return channels if is_private or wish.channel not in plan.channels else [*channels, wish.channel]


def _begins(facts: Mapping[str, Any]) -> datetime | None:
    """When what a notice is about begins, where it says so."""
    try:
        return datetime.fromisoformat(facts.get("starts_at") or "")
    except (TypeError, ValueError):  # whatever one notice says, the others leave
        return None


def _letter(row: _Row, channel: str, at: datetime, now: datetime, is_digest: bool = False) -> Letter:
    return Letter(
        person_id=row.person_id, channel=channel, is_digest=is_digest, notices=[row.id], created_at=now,
        next_try_at=at, state=LetterState.WAITING,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter that this process carries: to whom, in which language, and what it tells."""

    letter: Letter
    mail: str
    name: str
    language: str
    channel_address: str
    notices: tuple[Notice, ...]


async def claim(many: int, now: datetime) -> list[Parcel]:
    """Letters that are due and nobody carries, for this process alone until the lease is over."""
    lease, until = secrets.token_hex(16), now + LEASE
    async with transaction():
        moment = now.astimezone(UTC)
        ids = [row["id"] for row in await ask(_locked(_CLAIM), [moment, moment, many, until.astimezone(UTC), lease])]
    if not ids:
        return []
    columns = ("person__mail", "person__name", "person__language", "person__notice_wishes__channel_address")
    people = {row[0]: row[1:] for row in await Letter.filter(id__in=ids).values_list("id", *columns)}
    letters = await Letter.filter(id__in=ids, lease=lease).order_by("next_try_at", "id")
    notices = await notices_by_id([one for letter in letters for one in letter.notices])
    return [
        Parcel(
            letter, mail, name, language, address or "",
            tuple(notices[one] for one in letter.notices if one in notices and _is_told(notices[one])),
        )
        for letter in letters
        for mail, name, language, address in [people[letter.id]]
    ]  # fmt: skip


def _is_told(notice: Notice) -> bool:
    """Whether a letter still brings it: a newer Izba may have told what this one has no words for, and a link that
    leads nowhere by now was wiped.
    """
    return notice.kind in KINDS and (notice.kind not in SECRET_KINDS or bool(notice.secret))


async def prolong(parcels: Sequence[Parcel], now: datetime) -> list[Parcel]:
    """Those of these letters that this process still carries, for it alone until a new lease is over."""
    leases = {parcel.letter.lease for parcel in parcels}
    ids = [parcel.letter.id for parcel in parcels]
    if not ids:
        return []
    async with transaction():
        ours = Letter.filter(id__in=ids, lease__in=list(leases), state=LetterState.WAITING, leased_until__gt=now)
        still_ours = set(await column(ours.select_for_update(), "id"))
        await Letter.filter(id__in=list(still_ours)).update(leased_until=now + LEASE)
    return [parcel for parcel in parcels if parcel.letter.id in still_ours]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of carrying a letter: its new state, where WAITING is another try, and what the server said."""

    letter: Letter
    state: LetterState
    answer: str = ""


async def settle(deliveries: Sequence[Delivery], now: datetime) -> None:
    """Note what came of letters that this process carried. One whose lease went to another process, or that was given
    up meanwhile, is left alone.
    """
    gone = [one.letter for one in deliveries if one.state is LetterState.SENT]
    async with transaction():
        if gone:
            same = _still([letter.id for letter in gone], gone[0].lease)
            await same.update(state=LetterState.SENT, sent_at=now, tried_at=now, leased_until=None, answer="",
                              tries=F("tries") + 1)  # fmt: skip
            notices = [one for letter in gone for one in letter.notices]
            await Notice.filter(id__in=notices, kind__in=list(SECRET_KINDS)).update(secret="")  # wiped
        for one in deliveries:
            if one.state is not LetterState.SENT:
                await _try_later(one, now)


def _still(ids: Collection[int], lease: str) -> QuerySet[Letter]:
    """Those of these letters that wait and are of this lease."""
    return Letter.filter(id__in=list(ids), lease=lease, state=LetterState.WAITING)


async def _try_later(delivery: Delivery, now: datetime) -> None:
    letter, state = delivery.letter, delivery.state
    tries = letter.tries + 1
    at = next_try(tries, letter.created_at, now) if state is LetterState.WAITING else None
    if state is LetterState.WAITING and at is None:
        state = LetterState.DEAD
    await _still([letter.id], letter.lease).update(
        state=state, tries=tries, tried_at=now, leased_until=None, next_try_at=at or letter.next_try_at,
        answer=printable(delivery.answer)[:300],
    )  # fmt: skip


async def put_back(parcels: Sequence[Parcel], until: datetime, answer: str, now: datetime) -> None:
    """Give back letters that were claimed and not tried, and say why; nobody tries them before this moment. Those that
    have waited for too long are given up.
    """
    if parcels:
        async with transaction():
            same = _still([parcel.letter.id for parcel in parcels], parcels[0].letter.lease)
            await same.update(leased_until=None, next_try_at=until, answer=printable(answer)[:300])
            await same.filter(created_at__lte=now - GIVE_UP).update(state=LetterState.DEAD, tried_at=now)


async def send_again(letter_id: int, actor: Actor, now: datetime, request_key: RequestKey | None = None) -> Letter:
    """Let a letter that did not arrive leave once more, now. One that waits or is sent stays as it is.

    Raises NotFound("letter.unknown"), Conflict("letter.wiped") where it carried a link that is gone.
    """
    async with transaction():
        line = await _locked_line(letter_id)
        letter = line.letter
        if letter.state in (LetterState.DEAD, LetterState.DROPPED):
            if not line.notices or any(one.kind in SECRET_KINDS and not one.secret for one in line.notices):
                raise Conflict("letter.wiped")
            before = {"state": str(letter.state), "tries": letter.tries}
            letter.state, letter.tries, letter.created_at = LetterState.WAITING, 0, now
            letter.next_try_at, letter.leased_until, letter.lease = now, None, ""
            await letter.save(update_fields=["state", "tries", "created_at", "next_try_at", "leased_until", "lease"])
            await history.write(f"letter:{letter.id}", "sent_again", actor, now, before=before,
                                after={"state": str(letter.state)})  # fmt: skip
        await record(request_key, letter)
    return letter


async def drop(letter_id: int, actor: Actor, now: datetime, request_key: RequestKey | None = None) -> Letter:
    """Give a letter up: it leaves no more. One that is sent stays as it is. Raises NotFound("letter.unknown")."""
    async with transaction():
        letter = (await _locked_line(letter_id)).letter
        if letter.state in (LetterState.DEAD, LetterState.WAITING):
            before = {"state": str(letter.state)}
            letter.state = LetterState.DROPPED
            await letter.save(update_fields=["state"])
            await history.write(f"letter:{letter.id}", "dropped", actor, now, before=before,
                                after={"state": str(letter.state)})  # fmt: skip
        await record(request_key, letter)
    return letter


async def _locked_line(letter_id: int) -> LetterLine:
    """A letter that nobody else changes until this transaction is over. Raises NotFound("letter.unknown")."""
    if may_be_id(letter_id):
        await Letter.filter(id=letter_id).select_for_update()
    return await letter_line(letter_id)


async def forget_letters(before: datetime) -> int:
    """Delete the letters that left, or were given up, before this moment. Returns how many."""
    states = [str(state) for state in LetterState if state is not LetterState.WAITING]
    over = Letter.filter(state__in=states, next_try_at__lt=before, created_at__lt=before)  # the first two have an index
    return await over.delete()
