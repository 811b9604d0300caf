"""The site: static files, pages and the API under one roof."""

import mimetypes
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from registry.core.clock import Clock, utc_now
from web.auth.session import HEADER, SESSION
from web.kit import errors
from web.kit.edge import CAMERA_HEADERS, Edge
from web.kit.options import DataProtection, Declaration, DemoAccount, SiteOptions
from web.kit.render import STATIC, Pages
from web.kit.route_index import RouteIndex
from web.routes import all_routes, routes_of
from web.setup.gate import SetUpGate
from web.system.desk import NoDesk

__all__ = ["DataProtection", "Declaration", "DemoAccount", "SiteOptions", "create_site", "renew"]

API = "/api/v1"
# scripts that run the one WebAssembly that we have
CODE_WORKERS = frozenset({"js/code-worker.js"})
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
    app.router.middleware_stack = RouteIndex(app.router, routes_of)
    if options.is_set_up_by_page:
        app.add_middleware(SetUpGate)
    app.add_middleware(Edge, options=options)
    return app


def renew(app: FastAPI, options: SiteOptions) -> None:
    """Let the site go by other options: pages are drawn anew, and what is fixed at the start stays as it was."""
    app.state.options, app.state.pages = options, Pages(options)


class _Site(FastAPI):
    @property
    def routes(self) -> list[BaseRoute]:
        """All of them, also those that nobody asked for yet."""
        return [*self.router.routes, *all_routes()]

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
