"""What is asked about notices and letters."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.core.cache import Cache
from registry.core.errors import NotFound
from registry.core.ids import may_be_id
from registry.outbox.models import Letter, LetterState, Notice, NoticeWishes
from registry.outbox.rules import DEFAULT, KINDS, SECRET_KINDS, TOPICS, Wishes

# how many a bell counts; more are "99+"
UNREAD_AT_MOST = 100
REMEMBERED_SECONDS = 5.0
# what stands under the bell, of the kinds that this Izba knows
SHOWN = sorted(KINDS.keys() - SECRET_KINDS)
# every page shows it; what this process tells is known at once, what another one tells within five seconds
_unread: Cache[int, int] = Cache(REMEMBERED_SECONDS)


async def unread_count(person_id: int) -> int:
    """How many notices somebody has not read, of those that are shown; a hundred at most."""
    return await _unread.load(person_id, lambda: fresh_unread_count(person_id))


async def fresh_unread_count(person_id: int) -> int:
    """As :func:`unread_count`, asked of the database."""
    unread = Notice.filter(person_id=person_id, read_at__isnull=True, kind__in=SHOWN).limit(UNREAD_AT_MOST)
    return len(await unread.values_list("id", flat=True))


def forget_unread(person_id: int) -> None:
    """The number of somebody's unread notices differs from now on."""
    _unread.discard(person_id)


async def notices_of(person_id: int, limit: int, before_id: int | None = None) -> list[Notice]:
    """The notices of a person, the newest first; of those that are older than one."""
    notices = Notice.filter(person_id=person_id, kind__in=SHOWN)
    if before_id is not None:
        notices = notices.filter(id__lt=before_id)
    return await notices.order_by("-id").limit(limit)


async def newest_by_event(
    events: Collection[str], people: Collection[int], since: datetime | None = None
) -> dict[tuple[int, str], tuple[str, int]]:
    """Of events that happen again and again (``NAME:1``, ``NAME:2``), by person and name: the kind of the newest, and
    how many there were; ``since`` a moment alone, where one is given.
    """
    newest: dict[tuple[int, str], tuple[str, int]] = {}
    beginnings = {name.partition(":")[0] for name in events}
    for beginning in beginnings:
        rows = Notice.filter(person_id__in=list(people), event__startswith=f"{beginning}:").order_by("id")
        if since is not None:
            rows = rows.filter(at__gte=since)
        for person_id, event, kind in await rows.values_list("person_id", "event", "kind"):
            name = event.rpartition(":")[0]
            if name in events:
                newest[person_id, name] = kind, newest.get((person_id, name), ("", 0))[1] + 1
    return newest


async def page_of_notices(person_id: int, start: int, limit: int) -> tuple[list[Notice], int]:
    """A part of the notices of a person, the newest first, and how many there are."""
    notices = Notice.filter(person_id=person_id, kind__in=SHOWN)
    return await notices.order_by("-id").offset(start).limit(limit), await notices.count()


async def own_notice(notice_id: int, person_id: int) -> Notice:
    """One of a person's own. Raises NotFound("notice.unknown")."""
    notice = await Notice.get_or_none(id=notice_id, person_id=person_id) if may_be_id(notice_id) else None
    if notice is None or notice.kind not in SHOWN:
        raise NotFound("notice.unknown", notice=notice_id)
    return notice


async def wishes_of(person_id: int) -> tuple[Wishes, int]:
    """What somebody chose, and its revision; 0 before they chose anything."""
    row = await NoticeWishes.get_or_none(person_id=person_id)
    return (wishes_in(row), row.revision) if row else (DEFAULT, 0)


def wishes_in(row: NoticeWishes) -> Wishes:
    """What a row says, of the topics that there are."""
    codes = {topic.code for topic in TOPICS}
    timings = {code: timing for code, timing in row.timings.items() if code in codes}
    return Wishes(timings, row.daily_minute, row.quiet_from, row.quiet_to, row.channel, row.channel_address)


@dataclass(frozen=True, slots=True)
class LetterLine:
    """A letter of the list: whose it is, and of which notices."""

    letter: Letter
    login: str
    name: str
    mail: str
    language: str
    notices: list[Notice]


async def letters(
    state: LetterState, start: int, limit: int, sent_since: datetime | None = None
) -> tuple[list[LetterLine], int]:
    """The letters of a state and how many there are: what waits in the order in which it leaves, the rest as it was
    tried last, the newest first; of those that were sent, where it is asked, since a moment.
    """
    rows = Letter.filter(state=state)
    order = ("next_try_at", "id") if state is LetterState.WAITING else ("-tried_at", "-id")
    if state is LetterState.SENT and sent_since is not None:
        rows, order = rows.filter(sent_at__gte=sent_since), ("-sent_at", "-id")
    page = await rows.order_by(*order).offset(start).limit(limit)
    return await lines_of(page), await rows.count()


async def lines_of(page: Sequence[Letter]) -> list[LetterLine]:
    """Letters with their people and notices, in two statements."""
    if not page:
        return []
    ids = [letter.id for letter in page]
    people = {
        row[0]: row[1:]
        for row in await Letter.filter(id__in=ids).values_list(
            "id", "person__login", "person__name", "person__mail", "person__language"
        )
    }
    notices = await notices_by_id([notice_id for letter in page for notice_id in letter.notices])
    return [
        LetterLine(
            letter, login, name, mail, language,
            [notices[one] for one in letter.notices if one in notices and notices[one].kind in KINDS],
        )
        for letter in page
        for login, name, mail, language in [people[letter.id]]
    ]  # fmt: skip


async def notices_by_id(ids: Collection[int]) -> dict[int, Notice]:
    """These notices, by id, as far as they are there."""
    return {notice.id: notice for notice in await Notice.filter(id__in=list(ids))} if ids else {}


async def letter_line(letter_id: int) -> LetterLine:
    """One letter. Raises NotFound("letter.unknown")."""
    letter = await Letter.get_or_none(id=letter_id) if may_be_id(letter_id) else None
    if letter is None:
        raise NotFound("letter.unknown", letter=letter_id)
    return (await lines_of([letter]))[0]


async def letter_counts(since: datetime) -> dict[LetterState, int]:
    """How many letters there are of each state; of those that were sent, since this moment."""
    counts = {state: await Letter.filter(state=state).count() for state in LetterState if state is not LetterState.SENT}
    return counts | {LetterState.SENT: await Letter.filter(sent_at__gte=since).count()}


async def last_sent_at(person_id: int) -> datetime | None:
    """When a letter reached somebody's server last."""
    letter = await Letter.filter(person_id=person_id, state=LetterState.SENT).order_by("-created_at").first()
    return letter.sent_at if letter else None


async def has_unsorted() -> bool:
    """Whether somebody was told something that is in no letter yet, of the kinds that this Izba knows."""
    return await Notice.filter(sorted_at__isnull=True, kind__in=list(KINDS)).exists()


async def has_due(now: datetime) -> bool:
    """Whether a letter may leave now."""
    return await Letter.filter(state=LetterState.WAITING, next_try_at__lte=now).exists()


async def sent_lately(now: datetime) -> int:
    """How many letters left within the last minute, from all processes."""
    return await Letter.filter(sent_at__gt=now - timedelta(minutes=1)).count()
