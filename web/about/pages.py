"""Pages about the site itself: what it is built of, and how accessible it is."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from registry.core import drafts, idempotency
from registry.importing import sessions
from registry.people import policy
from web.auth.access import PageCaller, Visitor
from web.kit.query_names import pages
from web.kit.render import pages_of, render
from web.kit.sections import all_sections

router = pages()

COLOURS = (
    "ink", "ink-soft", "line-strong", "line", "paper", "card", "brand", "brand-soft", "free", "free-soft", "soon",
    "soon-soft", "busy", "busy-soft", "unknown", "unknown-soft", "chart-1", "chart-2", "chart-3", "chart-4", "chart-5",
    "focus",
)  # fmt: skip


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """For browsers that ask for it by its old name."""
    return RedirectResponse(pages_of(request).static("icons/favicon.svg"), 308)


@router.get("/styleguide")
async def styleguide(request: Request, person: Visitor) -> Response:
    """Every part that pages are built of, light and dark."""
    return render(request, "about/styleguide.html", colours=COLOURS, price=Decimal("10000.01"))


@router.get("/more")
async def more(request: Request, person: PageCaller) -> Response:
    """All pages, as far as somebody may see them: on a phone the fifth word of the bar."""
    return render(request, "about/more.html", sections=all_sections(person.role))


@router.get("/accessibility")
async def accessibility(request: Request, person: Visitor) -> Response:
    """The accessibility declaration, in the form and with the identifiers that Polish law gives."""
    return render(request, "about/accessibility.html", declaration=request.app.state.options.declaration)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long what is not part of the register is kept, as this server does it."""

    session: timedelta
    attempt: timedelta
    draft: timedelta
    sent_list: timedelta
    answer: timedelta
    trace_days: int


@router.get("/privacy")
async def privacy(request: Request, person: Visitor) -> Response:
    """What is kept of whom and for how long, for anybody who asks."""
    options, rules = request.app.state.options, policy.in_force()
    lifetimes = Lifetimes(
        session=rules.session,
        attempt=rules.window,
        draft=drafts.LIFETIME,
        sent_list=sessions.LIFETIME,
        answer=idempotency.LIFETIME,
        trace_days=max(options.data_protection.trace_days, 1),
    )
    return render(
        request,
        "about/privacy.html",
        declaration=options.declaration,
        data_protection=options.data_protection,
        lifetimes=lifetimes,
    )
