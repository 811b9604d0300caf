"""The page of the search that every page has."""

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from web.auth.access import PageCaller
from web.kit.clock import Now
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import is_fragment, render
from web.search.hits import KIND_WORDS, SYMBOLS, find

router = pages()


@router.get("/search")
async def results(request: Request, person: PageCaller, now: Now, q: str = "") -> Response:
    """What fits, by its kind. A whole code or number that was sent leads to what has it; the search box asks for the
    list alone while somebody types, the exact first."""
    context = page_context(request, person, now)
    finding = await find(q, person, context.words, now)
    if not is_fragment(request) and finding.hits and finding.hits[0].kind == "exact":
        return RedirectResponse(finding.hits[0].url, 303)
    return render(
        request,
        "search/_hits.html" if is_fragment(request) else "search/results.html",
        person=person,
        context=context,
        q=q.strip()[:200],
        finding=finding,
        kind_words=KIND_WORDS,
        symbols=SYMBOLS,
    )
