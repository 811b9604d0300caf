"""Pages about the site itself: what it is built of, and how accessible it is."""

from decimal import Decimal

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from web.auth.access import Visitor
from web.kit.query_names import pages
from web.kit.render import pages_of, render

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


@router.get("/accessibility")
async def accessibility(request: Request, person: Visitor) -> Response:
    """The accessibility declaration, in the form and with the identifiers that Polish law gives."""
    return render(request, "about/accessibility.html", declaration=request.app.state.options.declaration)
