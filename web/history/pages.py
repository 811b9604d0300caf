"""What came to a room and went from it; what a person has and had."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from registry.assets.movements import AT_MOST, HolderColumn
from registry.assets.queries import borrowed_by, in_care_of
from registry.core.errors import Forbidden
from registry.people import rules
from registry.people.models import Person
from registry.people.queries import person_by_login
from registry.rooms.queries import room_by_code
from web.auth.access import PageCaller, page_with
from web.history.view import movement_lines
from web.kit.clock import Now
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import render

router = pages()
Reader = Annotated[Person, Depends(page_with("history.see"))]
SHOWN = 200


@router.get("/rooms/{code}/movements")
async def of_room(request: Request, person: Reader, code: str, now: Now) -> Response:
    """Which pieces came to a room and which went."""
    room, context = await room_by_code(code), page_context(request, person, now)
    return render(
        request,
        "history/room.html",
        person=person,
        context=context,
        room=room,
        lines=await movement_lines(HolderColumn.ROOM, room.id, context),
        at_most=AT_MOST,
    )


@router.get("/people/{login}/assets")
async def of_person(request: Request, person: PageCaller, login: str, now: Now) -> Response:
    """What somebody has in their care, and had: for who reads the history, and for themselves."""
    if login != person.login and not rules.may(person.role, "history.see"):
        raise Forbidden("auth.role")
    holder, context = await person_by_login(login), page_context(request, person, now)
    pieces, total = await in_care_of(holder.id, SHOWN)
    return render(
        request,
        "history/person.html",
        person=person,
        context=context,
        holder=holder,
        pieces=pieces,
        total=total,
        borrowed=await borrowed_by(holder.id),
        lines=await movement_lines(HolderColumn.CUSTODIAN, holder.id, context),
        at_most=AT_MOST,
    )
