"""What somebody is told: the notices under the bell, what of them leaves the house, and the outbox."""

from datetime import datetime, time
from itertools import groupby
from operator import attrgetter
from typing import Annotated

from fastapi import Depends, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import NotFound, Refusal
from registry.core.ids import LARGEST_ID
from registry.outbox import actions, letters, queries
from registry.outbox.models import LetterState
from registry.outbox.rules import BACKUP, DEVICE, SECRET_KINDS, TOPICS, Timing, Topic, Wishes
from registry.people.models import Person
from web.auth.access import PageCaller, actor_of, options_of, page_with
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import id_in, revision_in
from web.kit.render import pages_of, render
from web.kit.time_of_day import clock, minute_of_day
from web.outbox.letters import draw
from web.outbox.view import letter_row, notice_rows, plain, rooms_by_code
from web.outbox.words import VIEW_WORDS, NoticeWords, href_of

router = pages()
Manager = Annotated[Person, Depends(page_with("office.manage"))]
Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Word = Annotated[str, Form(max_length=200)]
PAGE = 30
# what only those hear who look after it
WATCHED = {DEVICE.code: "devices.manage", BACKUP.code: "office.manage"}
NO_MINUTE = -1  # what cannot be read as a time of day


@router.get("/notices")
async def centre(request: Request, person: PageCaller, now: Now, before: str = "") -> Response:
    """What somebody was told, the newest first."""
    context = page_context(request, person, now)
    notices = await queries.notices_of(person.id, PAGE + 1, id_in(before))
    rows = notice_rows(notices[:PAGE], await rooms_by_code(), context)
    return render(
        request,
        "outbox/notices.html",
        person=person,
        context=context,
        rows=rows,
        days=[(day, list(of_day)) for day, of_day in groupby(rows, key=attrgetter("day"))],
        is_first=not before,
        next=rows[-1].id if len(notices) > PAGE else None,
    )


@router.post("/notices/read")
async def read_all(request: Request, person: PageCaller, now: Now) -> Response:
    """Everything is read."""
    await actions.read(person.id, None, now)
    return RedirectResponse("/notices", 303)


@router.get("/notices/{notice_id}")
async def open_notice(person: PageCaller, notice_id: Number, now: Now) -> Response:
    """To the thing that a notice is about; it is read from now on."""
    notice = await queries.own_notice(notice_id, person.id)
    await actions.read(person.id, [notice_id], now)
    return RedirectResponse(href_of(plain(notice)), 303)


@router.get("/me/notices")
async def wishes_page(request: Request, person: PageCaller, now: Now, typed: TypedWords, did: str = "") -> Response:
    """What of one's notices leaves the house, when and where to."""
    context, options = page_context(request, person, now), options_of(request)
    wishes, revision = await queries.wishes_of(person.id)
    words = NoticeWords.of(context.words)
    topics = [
        (topic, *words.topic(topic.code), wishes.timings.get(topic.code, topic.timing))
        for topic in TOPICS
        if _concerns(topic, context)
    ]
    values = {
        "daily": clock(wishes.daily_minute),
        "quiet_from": clock(wishes.quiet_from) if wishes.quiet_from is not None else "",
        "quiet_to": clock(wishes.quiet_to) if wishes.quiet_to is not None else "",
        "channel": wishes.channel,
        "channel_address": wishes.channel_address,
        **{topic.code: str(timing) for topic, _, _, timing in topics},
    }
    return render(
        request,
        "outbox/wishes.html",
        person=person,
        status=typed.status,
        context=context,
        topics=topics,
        timings=[(str(timing), words.timing(timing)) for timing in Timing],
        revision=revision,
        has_mail=options.has_mail,
        channels=options.channels,
        channel_choices=[(name, name) for name in options.channels],
        last_sent_at=await queries.last_sent_at(person.id),
        did=did,
        **({"values": values, "faults": {}} | typed.words),
    )


def _concerns(topic: Topic, context: PageContext) -> bool:
    """Whether somebody is ever told of it."""
    return topic.code not in WATCHED or context.may(WATCHED[topic.code])


@router.post("/me/notices")
async def wish(request: Request, person: PageCaller, now: Now) -> Response:
    """Store what somebody chose; a refusal stands at its field, and nothing that was typed is lost."""
    form = {name: str(value)[:200] for name, value in (await request.form()).items()}
    context, channels = page_context(request, person, now), frozenset(options_of(request).channels)
    try:
        wishes = _wishes_in(form)
        await actions.wish(person.id, wishes, channels, revision_in(form.get("revision", "")))
    except Refusal as refusal:
        field = str(refusal.params.get("field", ""))
        faults = {field: context.words.refusal(refusal)}
        names = ("daily", "quiet_from", "quiet_to", "channel", "channel_address", *(topic.code for topic in TOPICS))
        values = {name: form.get(name, "") for name in names}
        return await back_to("/me/notices", request, now, status_of(refusal), values=values, faults=faults)
    return RedirectResponse("/me/notices?did=wished", 303)


def _wishes_in(form: dict[str, str]) -> Wishes:
    """What a form says; a time of day that cannot be read is one that no day has."""
    quiet = [_minute(form.get(name, "")) for name in ("quiet_from", "quiet_to")]
    daily = _minute(form.get("daily", ""))
    return Wishes(
        timings={topic.code: form[topic.code] for topic in TOPICS if form.get(topic.code)},
        daily_minute=NO_MINUTE if daily is None else daily,
        quiet_from=quiet[0],
        quiet_to=quiet[1],
        channel=form.get("channel", "").strip(),
        channel_address=form.get("channel_address", "").strip(),
    )


def _minute(text: str) -> int | None:
    if not text.strip():
        return None
    minute = minute_of_day(text)
    return NO_MINUTE if minute is None else minute


@router.post("/me/notices/trial")
async def trial(request: Request, person: PageCaller, now: Now) -> Response:
    """Have a trial letter sent to oneself."""
    try:
        await actions.tell_trial(person.id, person.mail, options_of(request).has_mail, now)
    except Refusal as refusal:
        context = page_context(request, person, now)
        return await back_to(
            "/me/notices", request, now, status_of(refusal), faults={"trial": context.words.refusal(refusal)}
        )
    return RedirectResponse("/me/notices?did=trial", 303)


@router.get("/admin/outbox")
async def outbox(
    request: Request,
    person: Manager,
    now: Now,
    typed: TypedWords,
    state: str = "",
    letter: str = "",
    offset: Annotated[str, Query(max_length=7)] = "",
    did: str = "",
) -> Response:
    """What leaves the house, what could not, and one letter as it leaves."""
    context = page_context(request, person, now)
    midnight = datetime.combine(context.today, time(), context.zone)
    counts = await queries.letter_counts(midnight)
    default = LetterState.DEAD if counts[LetterState.DEAD] else LetterState.WAITING
    view = LetterState(state) if state in set(LetterState) else default
    start = int(offset) if offset.isdecimal() else 0
    lines, total = await queries.letters(view, start, PAGE, midnight)
    rows = [letter_row(line, context) for line in lines]
    return render(
        request,
        "outbox/outbox.html",
        person=person,
        status=typed.status,
        context=context,
        view=view,
        views=[
            (f"/admin/outbox?state={one}", context.say(word), counts[one], one is view)
            for one, word in VIEW_WORDS.items()
        ],
        counts=counts,
        rows=rows,
        total=total,
        start=start,
        page=PAGE,
        chosen=await _chosen(request, letter, context),
        has_mail=options_of(request).has_mail,
        did=did,
        **({"fault": ""} | typed.words),
    )


async def _chosen(request: Request, letter: str, context: PageContext) -> dict[str, object] | None:
    """One letter as it leaves, in the language of whom it is for; what opens an account stays out of sight."""
    number = id_in(letter)
    if number is None:
        return None
    line, rooms = await queries.letter_line(number), await rooms_by_code()
    notices = [plain(notice) for notice in line.notices]
    text = draw(pages_of(request), notices, rooms, line.language) if notices else None
    words = NoticeWords.of(context.words)
    return {
        "row": letter_row(line, context),
        "line": line,
        "text": text,
        "is_shy": any(words.is_shy(notice, rooms) for notice in notices),
        "is_secret": any(notice.kind in SECRET_KINDS for notice in line.notices),
    }


@router.post("/admin/outbox/{letter_id}/{act}")
async def do(request: Request, person: Manager, letter_id: Number, act: str, now: Now, state: Word = "") -> Response:
    """Let a letter leave again, or give it up."""
    view = state if state in set(LetterState) else LetterState.DEAD
    page = f"/admin/outbox?state={view}&letter={letter_id}"
    try:
        if act == "send-again":
            await letters.send_again(letter_id, actor_of(request, person), now)
        elif act == "drop":
            await letters.drop(letter_id, actor_of(request, person), now)
        else:
            raise NotFound("request.not_found")
    except Refusal as refusal:
        context = page_context(request, person, now)
        return await back_to(page, request, now, status_of(refusal), fault=context.words.refusal(refusal))
    return RedirectResponse(f"{page}&did={act}", 303)
