"""What changes notices: telling somebody, reading, and what each person chose of what leaves the house.

Whoever changes something tells of it in the same transaction::

    async with changing(room_id) as change:
        …
        await tell(change, [NewNotice(person_id, "booking.cancelled", f"booking:{booking.id}:{revision}", …)], now)

``registry/outbox/letters.py`` puts notices into letters, and a sender of the composition root carries those out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from registry.core.errors import Conflict
from registry.core.events import NoticesChanged
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import Change, transaction
from registry.outbox.models import Notice, NoticeWishes
from registry.outbox.queries import forget_unread
from registry.outbox.rules import KINDS, SECRET_KINDS, Wishes, wish_faults


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What one person is to be told. ``kind`` is of rules.KINDS. ``event`` names what happened, so that the same told
    twice is one notice: ``booking:3f2…:4``. ``thing`` is where it leads (``booking:3f2…``, ``fault:12``). ``facts`` are
    plain values for the words, all that a mail may say: of a confidential or hidden room no room, title or name.
    ``secret`` is a link that opens something; it stands in the mail alone and is wiped when that has left.
    """

    person_id: int
    kind: str
    event: str
    thing: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    secret: str = ""


async def tell(change: Change, notices: Sequence[NewNotice], now: datetime) -> None:
    """Write notices inside the caller's transaction, whose ``change`` this is: one statement. None are none. Somebody
    who was told of the same event already is told nothing more, whoever else tells it: that refuses no act.
    """
    rows = _rows(change, notices, now)
    if rows:
        await Notice.bulk_create(rows, batch_size=500, ignore_conflicts=True)


async def remind(notices: Sequence[NewNotice], now: datetime) -> int:
    """Tell, in a transaction of its own, what was not told yet: for whoever looks again and again at what holds now.
    Returns how many notices are new.
    """
    fresh = await untold(notices)
    if fresh:
        async with transaction() as change:
            await tell(change, fresh, now)
    return len(fresh)


async def untold(notices: Sequence[NewNotice]) -> list[NewNotice]:
    """Those of which nobody was told before."""
    if not notices:
        return []
    people, events = {one.person_id for one in notices}, {one.event for one in notices}
    same = Notice.filter(person_id__in=list(people), event__in=list(events))
    former = set(await same.values_list("person_id", "event"))
    return [one for one in notices if (one.person_id, one.event) not in former]


def _rows(change: Change, notices: Sequence[NewNotice], now: datetime) -> list[Notice]:
    for person_id in {notice.person_id for notice in notices}:
        change.happened(NoticesChanged(person_id))
        change.afterwards(lambda person_id=person_id: forget_unread(person_id))  # type: ignore[misc]  # its own id
    for notice in notices:
        assert notice.kind in KINDS, notice.kind
    return [
        Notice(
            person_id=notice.person_id,
            kind=notice.kind,
            event=notice.event[:120],
            thing=notice.thing,
            facts=dict(notice.facts),
            secret=notice.secret,
            at=now,
            read_at=now if notice.kind in SECRET_KINDS else None,
        )
        for notice in notices
    ]


async def tell_trial(person_id: int, mail: str, has_mail: bool, now: datetime) -> None:
    """Have a trial letter sent to somebody, one a minute. Raises Conflict: notice.no_server, notice.no_mail."""
    if not has_mail:
        raise Conflict("notice.no_server")
    if not mail:
        raise Conflict("notice.no_mail")
    event = f"trial:{int(now.timestamp()) // 60}"
    await remind([NewNotice(person_id, "account.trial", event)], now)


async def read(
    person_id: int, notice_ids: Collection[int] | None, now: datetime, request_key: RequestKey | None = None
) -> int:
    """Note that somebody has read these of their notices, or all of them. Returns how many were new to them."""
    async with transaction() as change:
        unread = Notice.filter(person_id=person_id, read_at__isnull=True)
        if notice_ids is not None:
            unread = unread.filter(id__in=list(notice_ids))
        many = await unread.update(read_at=now)
        if many:
            change.happened(NoticesChanged(person_id))
            change.afterwards(lambda: forget_unread(person_id))
        await record(request_key, many)
    return many


async def wish(person_id: int, wishes: Wishes, channels: frozenset[str], if_revision: int | None = None) -> None:
    """Store what somebody chose. Raises Invalid: notice.bad_wish, notice.not_to_be_off, notice.bad_hour,
    notice.half_quiet, notice.bad_channel, notice.bad_channel_address; Conflict("request.stale").
    """
    for refusal in wish_faults(wishes, channels):
        raise refusal
    columns: dict[str, Any] = {
        "timings": dict(wishes.timings), "daily_minute": wishes.daily_minute, "quiet_from": wishes.quiet_from,
        "quiet_to": wishes.quiet_to, "channel": wishes.channel, "channel_address": wishes.channel_address,
    }  # fmt: skip
    async with transaction():
        row = await _locked_wishes(person_id) or await _first_wishes(person_id)
        if if_revision not in (None, row.revision):
            raise Conflict("request.stale", revision=row.revision)
        await NoticeWishes.filter(id=row.id).update(**columns, revision=row.revision + 1)


async def _locked_wishes(person_id: int) -> NoticeWishes | None:
    return await NoticeWishes.filter().select_for_update().get_or_none(person_id=person_id)


async def _first_wishes(person_id: int) -> NoticeWishes:
    """A row for what is chosen for the first time: of two who choose at once one makes it, and the other waits."""
    await NoticeWishes.bulk_create([NoticeWishes(person_id=person_id, revision=0)], ignore_conflicts=True)
    return await NoticeWishes.filter().select_for_update().get(person_id=person_id)


async def wipe_secrets(person_id: int, kinds: Collection[str]) -> None:
    """Inside the caller's transaction: links that lead nowhere any more are told to nobody."""
    await Notice.filter(person_id=person_id, kind__in=list(kinds)).exclude(secret="").update(secret="")


async def forget(before: datetime) -> int:
    """Delete the notices of before this moment that wait for no letter of this Izba. Returns how many."""
    over = Q(sorted_at__isnull=False) | ~Q(kind__in=list(KINDS))
    return await Notice.filter(over, at__lt=before).delete()
