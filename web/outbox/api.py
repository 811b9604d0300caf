"""Notices, what of them leaves the house, and the outbox, for programs."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request, Response

from registry.outbox import actions, letters, queries
from registry.outbox.models import Letter, LetterState
from registry.people.models import Person
from web.auth.access import Caller, caller_with, options_of
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.record_ids import unless_unknown
from web.kit.routing import CallerActor, IfMatch, faults
from web.outbox.shapes import (
    LetterAnswer,
    LettersAnswer,
    NoticesAnswer,
    ReadAnswer,
    ReadBody,
    WishesAnswer,
    WishesBody,
    letter_answer,
    notice_answer,
    wishes_answer,
)
from web.outbox.view import rooms_by_code

router = routing.router("notices")
Manager = Annotated[Person, Depends(caller_with("office.manage"))]
LetterId = Annotated[int, unless_unknown("letter.unknown")]


@router.get("/notices", responses=faults(), summary="What the caller was told, the newest first")
async def listing(person: Caller, paging: Paged) -> NoticesAnswer:
    """Notices are kept for some months."""
    rows, total = await queries.page_of_notices(person.id, paging.start, paging.limit)
    rooms = await rooms_by_code()
    return NoticesAnswer(
        items=[notice_answer(row, rooms) for row in rows],
        next=paging.cursor(len(rows), total),
        total=total,
        unread=await queries.unread_count(person.id),
    )


@router.post("/notices/read", responses=faults(409), summary="Note that notices are read")
async def read(person: Caller, now: Now, once: OnceOnly, body: ReadBody = ReadBody()) -> ReadAnswer:
    """One's own. Those of others and those that are read already are left alone."""

    async def answering(many: int) -> ReadAnswer:
        return ReadAnswer(read=many, unread=await queries.fresh_unread_count(person.id))

    return await once(lambda key: actions.read(person.id, body.ids, now, key), answering)


@router.get("/notices/wishes", responses=faults(), summary="What of the caller's notices leaves the house")
async def wishes(person: Caller, response: Response) -> WishesAnswer:
    return await _wishes(person, response)


async def _wishes(person: Person, response: Response) -> WishesAnswer:
    chosen, revision = await queries.wishes_of(person.id)
    response.headers["etag"] = etag(revision)
    return wishes_answer(chosen, revision)


@router.patch("/notices/wishes", responses=faults(409, 412), summary="Choose what leaves, when, and by what")
async def wish(
    request: Request, person: Caller, body: WishesBody, revision: IfMatch, response: Response
) -> WishesAnswer:
    """``timings`` are merged with those of before. A channel that is gone stays chosen until another one is."""
    chosen, _ = await queries.wishes_of(person.id)
    changes = body.changes()
    if "timings" in changes:
        changes["timings"] = {**chosen.timings, **(changes["timings"] or {})}
    channels = frozenset(options_of(request).channels)
    if "channel" not in changes:
        channels |= {chosen.channel}
    await actions.wish(person.id, replace(chosen, **changes), channels, revision)
    return await _wishes(person, response)


@router.get("/outbox", responses=faults(), summary="The letters that leave, left, or could not")
async def outbox(person: Manager, paging: Paged, state: LetterState = LetterState.WAITING) -> ListAnswer[LetterAnswer]:
    """What waits in the order in which it leaves; the rest as it was tried last, the newest first."""
    lines, total = await queries.letters(state, paging.start, paging.limit)
    items = [letter_answer(line) for line in lines]
    return LettersAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.post(
    "/outbox/{letter_id}/send-again", responses=faults(404, 409), summary="Let a letter that did not arrive leave again"
)
async def send_again(
    letter_id: LetterId, person: Manager, actor: CallerActor, now: Now, once: OnceOnly
) -> LetterAnswer:
    """One that waits or was sent stays as it is."""
    return await once(lambda key: letters.send_again(letter_id, actor, now, key), _answer)


@router.post("/outbox/{letter_id}/drop", responses=faults(404, 409), summary="Give a letter up")
async def drop(letter_id: LetterId, person: Manager, actor: CallerActor, now: Now, once: OnceOnly) -> LetterAnswer:
    """It leaves no more, until somebody sends it again. One that was sent stays as it is."""
    return await once(lambda key: letters.drop(letter_id, actor, now, key), _answer)


async def _answer(letter: Letter) -> LetterAnswer:
    return letter_answer(await queries.letter_line(letter.id))
