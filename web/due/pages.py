"""What is due, in one list."""

from datetime import date, timedelta

from fastapi import Request
from starlette.responses import Response

from registry.upkeep.rules import LONGEST, DueKind
from web.auth.access import PageCaller
from web.due.view import view_of
from web.kit.clock import Now
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import render

router = pages()


@router.get("/due")
async def due(
    request: Request, person: PageCaller, now: Now, kind: str = "", until: str = "", of: str = ""
) -> Response:
    """Three months ahead unless the address says until when. An address that nobody can mean shows all of it."""
    context = page_context(request, person, now)
    due_kind = DueKind(kind) if kind in set(DueKind) else None
    is_mine = of == "mine"
    view = await view_of(context, due_kind, _day(until, context.today), is_mine)
    return render(
        request,
        "due/due.html",
        person=person,
        context=context,
        view=view,
    )


def _day(text: str, today: date) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return min(max(day, today), today + LONGEST - timedelta(days=1))
