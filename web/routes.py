"""Where the routes of each noun stand. A noun is loaded when one of its addresses is first asked for, and every one
soon after the start: to build five hundred calls and pages takes longer than to draw one of them.
"""

import asyncio
from functools import cache
from importlib import import_module
from threading import Lock

from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

REST_AFTER_S = 10.0

# module of the routes, and the first words of their addresses after /api/v1; of each noun the busiest first: an
# address is looked for in this order
ROUTES = {
    "calendar.api": "availability",
    "bookings.api": "bookings",
    "approvals.api": "approvals bookings",
    "rooms.api": "rooms",
    "blocks.api": "blocks",
    "series.api": "series",
    "opening.api": "opening-profiles sites",
    "assets.api": "assets",
    "assets.numbering_api": "numbering assets",
    "assets.quantity_api": "assets",
    "assets.transitions_api": "transitions assets",
    "bulk_changes.api": "bulk-changes",
    "saved_views.api": "views",
    "sets.api": "sets",
    "labels.api": "labels.pdf labels.zpl equipment.pdf rooms",
    "tags.api": "tags",
    "scans.api": "scans",
    "importing.api": "imports",
    "devices.api": "devices panels",
    "duties.api": "duties",
    "places.api": "rooms sites buildings",
    "places.photo_api": "rooms",
    "plans.api": "plans",
    "faults.photos:api_router": "faults",
    "faults.api": "faults",
    "files.api": "assets files",
    "history.api": "history",
    "grants.api": "grants",
    "outbox.api": "notices outbox",
    "categories.api": "categories",
    "accounting.api": "assets reports",
    "due.api": "due",
    "feeds.api": "feeds",
    "documents.api": "documents",
    "documents.overrides_api": "assets",
    "events.api": "events",
    "search.api": "search",
    "system.api": "healthz readyz metrics",
    "people.api": "people institutions",
    "works.api": "works",
    "stocktakes.api": "stocktakes",
    "auth.pages": "sign-in drafts sign-out preferences",
    "auth.account_pages": "account me",
    "auth.password_pages": "password",
    "about.pages": "favicon.ico styleguide more accessibility privacy",
    "today.pages": "",
    "calendar.pages": "calendar",
    "bookings.pages": "bookings",
    "approvals.pages": "approvals",
    "rooms.pages": "rooms",
    "plans.pages": "plan",
    "plans.wall_pages": "wall",
    "blocks.pages": "blocks",
    "series.pages": "series",
    "works.pages": "works",
    "stocktakes.pages": "stocktakes",
    "history.pages": "rooms people",
    "due.pages": "due",
    "accounting.pages": "reports",
    "feeds.pages": "feeds",
    "documents.pages": "documents assets",
    "help.pages": "help",
    "devices.device_pages": "devices",
    "setup.pages": "setup",
    "system.pages": "admin",
    "system.mail_pages": "admin",
    "system.group_pages": "admin",
    "system.settings_pages": "admin",
    "history.search_pages": "admin",
    "system.api:system_router": "system",
    "system.settings_api": "settings",
    "importing.pages": "assets",
    "importing.understood": "assets",
    "assets.new_pages": "assets",
    "assets.typing_checks": "assets",
    "assets.numbering_pages": "assets",
    "assets.next_number": "assets",
    "assets.quantity_pages": "assets",
    "assets.correction_pages": "assets",
    "bulk_changes.pages": "assets",
    "saved_views.pages": "assets",
    "categories.piece_pages": "categories assets",
    "categories.pages": "categories",
    "labels.equipment": "rooms labels",
    "faults.photos": "faults",
    "files.pages": "files assets",
    "assets.pages": "assets",
    "sets.pages": "sets",
    "labels.pages": "labels",
    "faults.pages": "faults",
    "scans.pages": "scan",
    "tags.pages": "T t",
    "devices.pages": "devices",
    "doors.pages": "panel",
    "plans.drawing_pages": "admin",
    "places.pages": "admin",
    "places.house_pages": "admin",
    "places.standard_pages": "admin",
    "places.several_pages": "admin",
    "places.photo_api:page_router": "admin",
    "search.pages": "search",
    "admin.pages": "admin",
    "opening.pages": "admin",
    "outbox.pages": "notices me admin",
    "people.pages": "admin",
    "people.person_pages": "admin",
    "people.institution_pages": "admin",
}

_ONE_BY_ONE = Lock()


@cache
def _routes(place: str) -> list[BaseRoute]:
    module, _, name = place.partition(":")
    routes: list[BaseRoute] = getattr(import_module(f"web.{module}"), name or "router").routes
    return routes


def routes_of(word: str) -> list[BaseRoute]:
    """The routes of all modules that have some with this first word, in their order."""
    with _ONE_BY_ONE:
        return [route for place, words in ROUTES.items() if word in words.split(" ") for route in _routes(place)]


def all_routes() -> list[BaseRoute]:
    """Every route, in its order; what is not loaded yet is."""
    with _ONE_BY_ONE:
        return [route for place in ROUTES for route in _routes(place)]


async def load_the_rest(after_s: float = REST_AFTER_S) -> None:
    """Load what nobody asked for yet, noun by noun beside the loop, once the first pages are out."""
    await asyncio.sleep(after_s)
    for words in dict.fromkeys(ROUTES.values()):
        await run_in_threadpool(routes_of, words.split(" ")[0])
