"""Labels for programs: as a PDF, or for a Zebra printer."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from registry.core.aside import aside
from registry.labels.pdf import labels_pdf
from registry.labels.zpl import labels_zpl
from registry.people.models import Person
from web.auth.access import Caller, caller_with
from web.kit import routing
from web.kit.body import LINE
from web.kit.clock import Now
from web.kit.routing import faults
from web.labels.equipment import codes_of, equipment_response
from web.labels.wish import LabelOrder, label_order, ordered_faces

router = routing.router("labels")
Printer = Annotated[Person, Depends(caller_with("labels.print"))]
Order = Annotated[LabelOrder, Depends(label_order)]
PDF, ZPL = "application/pdf", "application/zpl"


@router.get(
    "/labels.pdf",
    response_class=Response,
    responses=faults(404, 409) | {200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}},
    summary="Labels as a PDF",
)
async def as_pdf(request: Request, person: Printer, order: Order, now: Now) -> Response:
    """Of pieces, of what stands in a room, of tags, or of rooms. What is printed from a page is remembered; this is
    not.
    """
    _, faces = await ordered_faces(request, order)
    return Response(await aside(labels_pdf, faces, order.form, now, order.start), media_type=PDF)


@router.get(
    "/labels.zpl",
    response_class=Response,
    responses=faults(404, 409) | {200: {"content": {ZPL: {"schema": {"type": "string"}}}}},
    summary="Labels for a Zebra printer",
)
async def as_zpl(request: Request, person: Printer, order: Order) -> Response:
    """ZPL II in UTF-8, at the resolution of the format."""
    _, faces = await ordered_faces(request, order)
    return Response(await aside(labels_zpl, faces, order.form), media_type=ZPL)


@router.get(
    "/equipment.pdf",
    response_class=Response,
    responses=faults(404) | {200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}},
    summary="What stands in rooms, for beside their doors",
)
async def equipment(
    request: Request,
    person: Caller,
    now: Now,
    rooms: Annotated[str, Query(max_length=10_000, description="codes of rooms, parted by commas"), LINE] = "",
) -> Response:
    """A page or more for each room, without prices, with a line to sign on."""
    return await equipment_response(request, codes_of([rooms]), now)


@router.get(
    "/rooms/{code}/equipment.pdf",
    response_class=Response,
    responses=faults(404) | {200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}},
    summary="What stands in a room, for beside its door",
)
async def equipment_of_room(request: Request, code: str, person: Caller, now: Now) -> Response:
    return await equipment_response(request, [code], now)
