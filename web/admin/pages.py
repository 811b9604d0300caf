"""The index of the office's own pages: what it sets itself up with and runs itself by."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from registry.people.models import Person
from web.auth.access import page_with
from web.kit.query_names import pages
from web.kit.render import render
from web.kit.sections import office_pages

router = pages("/admin")
Reader = Annotated[Person, Depends(page_with("office.see"))]


@router.get("")
async def index(request: Request, person: Reader) -> Response:
    """Every page of the office that this role may open, with what it is for."""
    return render(request, "admin/index.html", person=person, pages=office_pages(person.role))
