"""The plan of a floor: for who works here, with states, names and times as the rest of the site shows them; and for a
wall, with numbers and states alone.
"""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from registry.bookings.queries import rooms_open_to
from registry.plans.queries import FloorLayout, layout_of, layouts_of
from registry.rooms.queries import all_rooms
from web.auth.access import PageCaller
from web.kit.clock import Now
from web.kit.page_context import page_context
from web.kit.pieces import IN_PLACE, piece_request
from web.kit.query_names import pages
from web.kit.render import is_fragment, render
from web.plans.view import drawing_page, floor_view, picture_of, wall_view
from web.plans.words import SHORT, PlanWords

router = pages()


@router.get("/plan")
async def plan(
    request: Request,
    person: PageCaller,
    now: Now,
    building: Annotated[str, Query(max_length=40)] = "",
    floor: Annotated[str, Query(max_length=4)] = "",
) -> Response:
    """A floor with its rooms, live; asked for as a fragment, what changed. Without a name the first floor."""
    context, is_part = page_context(request, person, now), is_fragment(request)
    layouts = await layouts_of(await all_rooms())
    layout = _chosen(layouts, building, floor) if layouts else None
    return render(
        request,
        "plans/_pieces.html" if is_part and layout else "plans/floor.html",
        person=person,
        context=context,
        words=PlanWords.of(context.words),
        now=now,
        view=await floor_view(layout, context) if layout else None,
        floors=layouts,
        kinds=list(SHORT),
        can_book=context.may("bookings.make"),
        manage=context.may("rooms.manage"),
        draw_link=drawing_page(layout) if layout and context.may("rooms.manage") else "",
        pieces=await piece_request(request) if is_part else None,
        in_place=IN_PLACE if is_part else "",
    )


def _chosen(layouts: list[FloorLayout], building: str, floor: str) -> FloorLayout:
    """The floor that is asked for; else one that somebody drew, or the one with the most rooms."""
    for layout in layouts:
        if layout.building.code == building and str(layout.floor) == floor:
            return layout
    return max(layouts, key=lambda layout: (layout.picture is not None, len(layout.rooms)))


@router.get("/plan/{building}/{floor}")
async def wall(request: Request, person: PageCaller, now: Now, building: str, floor: str) -> Response:
    """A floor for a screen on the wall; asked for as a fragment, what changed."""
    context, is_part = page_context(request, person, now), is_fragment(request)
    layout, words = await layout_of(building, floor), PlanWords.of(context.words)
    open_ids = await rooms_open_to(layout.rooms, context.viewer) if context.may("bookings.make") else set()
    return render(
        request,
        "plans/_wall_pieces.html" if is_part else "plans/wall.html",
        person=person,
        words=words,
        now=now,
        view=await wall_view(layout, words, now, open_ids),
        picture=picture_of(layout),
        stream="",
        pieces=await piece_request(request) if is_part else None,
        in_place=IN_PLACE if is_part else "",
    )
