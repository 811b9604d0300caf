"""The site: static files, pages and the API under one roof."""

import mimetypes
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from web import errors
from web.api import routers as api_routers
from web.edge import Edge
from web.options import Declaration, SiteOptions
from web.pages import routers as page_routers
from web.render import STATIC, Pages
from web.session import HEADER, SESSION

__all__ = ["Declaration", "SiteOptions", "create_site"]

API = "/api/v1"
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "From izba tokens add"},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION, "description": "Of a browser that is signed in"},
    "form": {"type": "apiKey", "in": "header", "name": HEADER, "description": "For changes by a session"},
}


def create_site(
    options: SiteOptions, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[Any]] | None = None
) -> FastAPI:
    """The whole site. ``lifespan`` starts and stops what the composition root runs beside it."""
    app = _Site(
        title=options.title,
        version=options.version or "1",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.options = options
    app.state.pages = pages = Pages(options)
    errors.install(app)
    app.mount(f"/static/{pages.static_hash}", _Static(directory=STATIC), name="static")
    # one flat list: an included router is asked twice, and its every route both times
    app.router.routes.extend(route for router in api_routers for route in router.routes)
    app.router.routes.extend(_hidden(route) for router in page_routers for route in router.routes)
    app.add_middleware(Edge, options=options)
    return app


def _hidden(route: BaseRoute) -> BaseRoute:
    """A page's route, of which the description of the API says nothing."""
    if isinstance(route, APIRoute):
        route.include_in_schema = False
    return route


class _Site(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """With how a caller is known, which the calls look up themselves."""
        told = super().openapi()
        told["components"]["securitySchemes"] = SCHEMES
        told["security"] = [{"token": []}, {"session": [], "form": []}]
        return told


class _Static(StaticFiles):
    """Files whose address changes with their content: a browser asks once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


mimetypes.add_type("font/woff2", ".woff2")
