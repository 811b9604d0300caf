"""What is written off in a year: the page with its months, the pieces that it does not tell of, and the files."""

import os
import tempfile
from typing import Annotated, Literal

from fastapi import Depends, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from registry.accounting.queries import remarked_pieces, table_of_year
from registry.accounting.rules import FIRST_YEAR, LAST_YEAR, Remark
from registry.exporting.depreciation import DepreciationLines, export_depreciation
from registry.people.models import Person
from web.accounting.view import depreciation_view, pln_of, remark_of
from web.accounting.words import REMARK_WORDS
from web.assets.pages import FILE_TYPES
from web.auth.access import page_with
from web.kit.clock import Now
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import offset_in
from web.kit.render import render

router = pages("/reports/depreciation")
Reader = Annotated[Person, Depends(page_with("depreciation.see"))]
PAGE = 50


@router.get("")
async def depreciation(
    request: Request, person: Reader, now: Now, year: str = "", month: str = "", why: str = "", offset: str = ""
) -> Response:
    """A year, this one without any; a month of it; or the pieces that a remark is about. An address that nobody can
    mean shows this year.
    """
    context = page_context(request, person, now)
    shown_year = _number(year, FIRST_YEAR, LAST_YEAR) or context.today.year
    remark = remark_of(why)
    if remark:
        return await _remarked(request, context, shown_year, remark, offset_in(offset))
    shown_month = _number(month, 1, 12)
    table = await table_of_year(shown_year, shown_month)
    return render(
        request, "accounting/depreciation.html", context=context, first_year=FIRST_YEAR, last_year=LAST_YEAR,
        view=depreciation_view(table, shown_year, shown_month, context),
    )  # fmt: skip


async def _remarked(request: Request, context: PageContext, year: int, remark: Remark, start: int) -> Response:
    pieces = await remarked_pieces(remark)
    rows = [(piece, pln_of(piece.price)) for piece in pieces[start : start + PAGE]]
    return render(
        request, "accounting/remarked.html", context=context, year=year, remark=remark, rows=rows, start=start,
        title=context.say(REMARK_WORDS[remark]), total=len(pieces), page_length=PAGE,
    )  # fmt: skip


@router.get("/export.{kind}")
async def export(
    request: Request, person: Reader, now: Now, kind: Literal["csv", "xlsx"], year: str = "",
    of: DepreciationLines = "pieces",
) -> Response:  # fmt: skip
    """The table of a year as a file: a line for each piece with its months, or the sums."""
    shown_year = _number(year, FIRST_YEAR, LAST_YEAR) or page_context(request, person, now).today.year
    handle, path = tempfile.mkstemp(suffix=f".{kind}")
    try:
        with os.fdopen(handle, "wb") as file:
            await export_depreciation(kind, file, shown_year, of)
    except BaseException:
        os.unlink(path)
        raise
    name = f"izba-{'umorzenie' if of == 'pieces' else 'umorzenie-razem'}-{shown_year}.{kind}"
    return FileResponse(path, media_type=FILE_TYPES[kind], filename=name, background=BackgroundTask(os.unlink, path))


def _number(text: str, least: int, most: int) -> int | None:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(most)) else 0
    return number if least <= number <= most else None
