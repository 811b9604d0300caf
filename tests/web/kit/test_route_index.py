"""Each address leads where it would lead if one route were tried after the other."""

import re
from collections.abc import Iterable
from pathlib import Path

from starlette.routing import BaseRoute, Match

from web.app import create_site
from web.kit.options import SiteOptions
from web.kit.route_index import RouteIndex


def matches(routes: Iterable[BaseRoute], path: str, method: str) -> list[BaseRoute]:
    """What a router looks for: the first that fits wholly, else the first that has the address."""
    scope = {"type": "http", "path": path, "method": method, "root_path": "", "headers": []}
    results = [(route, route.matches(scope)[0]) for route in routes]
    whole = [route for route, match in results if match is Match.FULL]
    return (whole or [route for route, match in results if match is Match.PARTIAL])[:1]


def test_each_address_leads_where_it_would_have_led(tmp_path: Path) -> None:
    router = create_site(SiteOptions(secret_key="x" * 40, data_dir=tmp_path)).router
    index = RouteIndex(router)
    paths = {
        re.sub(r"{[^}]*}", value, getattr(route, "path", ""))
        for route in router.routes
        for value in ("1", "new", "a b")
    }
    strange = {"", "*", "/", "//", "/api", "/api/v1", "/api/v1/", "/api/v2/rooms", "/nowhere", "/rooms/", "/static/x"}
    for path in sorted(paths | strange):
        for method in ("GET", "POST", "DELETE"):
            assert matches(index.router_of(path).routes, path, method) == matches(router.routes, path, method), path


def test_few_routes_are_tried(tmp_path: Path) -> None:
    router = create_site(SiteOptions(secret_key="x" * 40, data_dir=tmp_path)).router
    index = RouteIndex(router)
    for path in ("/healthz", "/nowhere", "/api/v1/rooms/1", "/calendar"):
        assert len(index.router_of(path).routes) * 10 < len(router.routes), path
