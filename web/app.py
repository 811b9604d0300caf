"""The site: static files, pages and the API under one roof."""

import mimetypes
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from registry.core.clock import Clock, utc_now
from web.about import pages as about
from web.accounting import api as accounting_api
from web.accounting import pages as accounting
from web.admin import pages as admin
from web.approvals import api as approvals_api
from web.approvals import pages as approvals
from web.assets import api as assets_api
from web.assets import correction_pages as asset_corrections
from web.assets import new_pages as new_assets
from web.assets import (
    next_number,
    numbering_api,
    numbering_pages,
    quantity_api,
    quantity_pages,
    transitions_api,
    typing_checks,
)
from web.assets import pages as assets
from web.auth import account_pages, password_pages
from web.auth import pages as account
from web.auth.session import HEADER, SESSION
from web.blocks import api as blocks_api
from web.blocks import pages as blocks
from web.bookings import api as bookings_api
from web.bookings import pages as bookings
from web.bulk_changes import api as bulk_changes_api
from web.bulk_changes import pages as bulk_changes
from web.calendar import api as availability
from web.calendar import pages as calendar
from web.categories import api as categories_api
from web.categories import pages as categories
from web.categories import piece_pages as category_fields
from web.devices import api as devices_api
from web.devices import device_pages
from web.devices import pages as devices
from web.documents import api as documents_api
from web.documents import overrides_api
from web.documents import pages as documents
from web.doors import pages as doors
from web.due import api as due_api
from web.due import pages as due
from web.duties import api as duties_api
from web.events import api as events_api
from web.faults import api as faults_api
from web.faults import pages as faults
from web.faults import photos as fault_photos
from web.feeds import api as feeds_api
from web.feeds import pages as feeds
from web.files import api as files_api
from web.files import pages as files
from web.grants import api as grants_api
from web.help import pages as help_pages
from web.history import api as history_api
from web.history import pages as history
from web.history import search_pages as history_search
from web.importing import api as imports_api
from web.importing import pages as imports
from web.importing import understood
from web.kit import errors
from web.kit.edge import CAMERA_HEADERS, Edge
from web.kit.options import DataProtection, Declaration, DemoAccount, SiteOptions
from web.kit.render import STATIC, Pages
from web.kit.route_index import RouteIndex
from web.labels import api as labels_api
from web.labels import equipment
from web.labels import pages as labels
from web.opening import api as opening_api
from web.opening import pages as opening
from web.outbox import api as outbox_api
from web.outbox import pages as outbox
from web.people import api as people_api
from web.people import institution_pages, person_pages
from web.people import pages as people
from web.places import api as places_api
from web.places import house_pages, photo_api, several_pages, standard_pages
from web.places import pages as places
from web.plans import api as plans_api
from web.plans import drawing_pages, wall_pages
from web.plans import pages as plans
from web.rooms import api as rooms_api
from web.rooms import pages as rooms
from web.saved_views import api as saved_views_api
from web.saved_views import pages as saved_views
from web.scans import api as scans_api
from web.scans import pages as scans
from web.search import api as search_api
from web.search import pages as search
from web.series import api as series_api
from web.series import pages as series
from web.sets import api as sets_api
from web.sets import pages as sets
from web.setup import pages as setup
from web.setup.gate import SetUpGate
from web.stocktakes import api as stocktakes_api
from web.stocktakes import pages as stocktakes
from web.system import api as system_api
from web.system import group_pages, mail_pages, settings_api, settings_pages
from web.system import pages as system
from web.system.desk import NoDesk
from web.tags import api as tags_api
from web.tags import pages as tags
from web.today import pages as today
from web.works import api as works_api
from web.works import pages as works

__all__ = ["DataProtection", "Declaration", "DemoAccount", "SiteOptions", "create_site", "renew"]

API = "/api/v1"
# scripts that run the one WebAssembly that we have
CODE_WORKERS = frozenset({"js/code-worker.js"})
# of each noun, the busiest first; an address is looked for in this order
ROUTERS = (
    availability.router, bookings_api.router, approvals_api.router, rooms_api.router,
    blocks_api.router, series_api.router, opening_api.router,
    assets_api.router, numbering_api.router, quantity_api.router,
    transitions_api.router, bulk_changes_api.router,
    saved_views_api.router, sets_api.router, labels_api.router, tags_api.router,
    scans_api.router,
    imports_api.router, devices_api.router, duties_api.router, places_api.router, photo_api.router,
    plans_api.router,
    fault_photos.api_router, faults_api.router, files_api.router,
    history_api.router, grants_api.router, outbox_api.router,
    categories_api.router,
    accounting_api.router, due_api.router, feeds_api.router, documents_api.router, overrides_api.router,
    events_api.router, search_api.router, system_api.router,
    people_api.router, works_api.router, stocktakes_api.router,
    account.router, account_pages.router, password_pages.router,
    about.router, today.router, calendar.router, bookings.router, approvals.router, rooms.router,
    plans.router, wall_pages.router, blocks.router, series.router, works.router, stocktakes.router,
    history.router, due.router, accounting.router,
    feeds.router, documents.router, help_pages.router, device_pages.router,
    setup.router, system.router, mail_pages.router, group_pages.router, settings_pages.router,  # /mail before names
    history_search.router, system_api.system_router, settings_api.router,
    # before the numbers of assets
    imports.router, understood.router, new_assets.router, typing_checks.router, numbering_pages.router,
    next_number.router, quantity_pages.router, asset_corrections.router,
    bulk_changes.router, saved_views.router,
    category_fields.router, categories.router,
    equipment.router, fault_photos.router,
    files.router, assets.router, sets.router, labels.router, faults.router, scans.router, tags.router,
    devices.router, doors.router,
    drawing_pages.router,
    places.router, house_pages.router, standard_pages.router, several_pages.router, photo_api.page_router,
    search.router,
    admin.router, opening.router, outbox.router,
    people.router, person_pages.router, institution_pages.router,  # /people/new before logins
)  # fmt: skip
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "From izba tokens add"},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION, "description": "Of a browser that is signed in"},
    "form": {"type": "apiKey", "in": "header", "name": HEADER, "description": "For changes by a session"},
}


def create_site(
    options: SiteOptions,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[Any]] | None = None,
    clock: Clock = utc_now,
) -> FastAPI:
    """The whole site. ``lifespan`` starts and stops what the composition root runs beside it; every request asks
    ``clock`` once.
    """
    app = _Site(
        title=options.title,
        version=options.version or "1",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.options, app.state.clock, app.state.desk = options, clock, NoDesk(clock())
    app.state.pages = pages = Pages(options)
    errors.install(app)
    app.mount(f"/static/{pages.static_hash}", _Static(directory=STATIC), name="static")
    # one flat list: an included router is asked twice, and its every route both times
    app.router.routes.extend(route for router in ROUTERS for route in router.routes)
    app.router.middleware_stack = RouteIndex(app.router)
    if options.is_set_up_by_page:
        app.add_middleware(SetUpGate)
    app.add_middleware(Edge, options=options)
    return app


def renew(app: FastAPI, options: SiteOptions) -> None:
    """Let the site go by other options: pages are drawn anew, and what is fixed at the start stays as it was."""
    app.state.options, app.state.pages = options, Pages(options)


class _Site(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """With how a caller is known, which the calls look up themselves."""
        description = super().openapi()
        description["components"]["securitySchemes"] = SCHEMES
        description["security"] = [{"token": []}, {"session": [], "form": []}]
        return description


class _Static(StaticFiles):
    """Files whose address changes with their content: a browser asks once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        if path in CODE_WORKERS:
            response.headers.update(CAMERA_HEADERS)
        return response


mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("application/wasm", ".wasm")
