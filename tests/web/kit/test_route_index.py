"""Each address leads where it would lead if one route were tried after the other; a noun is loaded when asked for."""

import re
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from starlette.routing import BaseRoute, Match

from web.app import create_site
from web.kit.options import SiteOptions
from web.kit.route_index import RouteIndex, word_of
from web.routes import ROUTES, routes_of

LOADED = """
import asyncio, sys
from pathlib import Path
from web.app import SiteOptions, create_site
from web.routes import ROUTES, load_the_rest

def loaded():
    return [name for name in sys.modules if name.startswith("web.") and name.endswith((".pages", ".api"))]

site = create_site(SiteOptions(secret_key="x" * 40, data_dir=Path(".")))
site.router.middleware_stack.router_of("/calendar")
print(*loaded())
asyncio.run(load_the_rest(0))
print(len(loaded()), len({place.partition(":")[0] for place in ROUTES if place.endswith((".pages", ".api"))}))
"""


def matches(routes: Iterable[BaseRoute], path: str, method: str) -> list[BaseRoute]:
    """What a router looks for: the first that fits wholly, else the first that has the address."""
    scope = {"type": "http", "path": path, "method": method, "root_path": "", "headers": []}
    results = [(route, route.matches(scope)[0]) for route in routes]
    whole = [route for route, match in results if match is Match.FULL]
    return (whole or [route for route, match in results if match is Match.PARTIAL])[:1]


def having(routes: Iterable[BaseRoute], path: str) -> list[BaseRoute]:
    """Those with this address, whatever is done there."""
    scope = {"type": "http", "path": path, "method": "GET", "root_path": "", "headers": []}
    return [route for route in routes if route.matches(scope)[0] is not Match.NONE]


def test_each_address_leads_where_it_would_have_led(tmp_path: Path) -> None:
    site = create_site(SiteOptions(secret_key="x" * 40, data_dir=tmp_path))
    index = RouteIndex(site.router, routes_of)
    paths = {
        re.sub(r"{[^}]*}", value, getattr(route, "path", "")) for route in site.routes for value in ("1", "new", "a b")
    }
    strange = {"", "*", "/", "//", "/api", "/api/v1", "/api/v1/", "/api/v2/rooms", "/nowhere", "/rooms/", "/static/x"}
    routes = site.routes
    for path in sorted(paths | strange):
        own = index.router_of(path).routes
        all_of_it = having(routes, path)
        for method in ("GET", "POST", "DELETE"):
            assert matches(own, path, method) == matches(all_of_it, path, method), path


def test_few_routes_are_tried(tmp_path: Path) -> None:
    site = create_site(SiteOptions(secret_key="x" * 40, data_dir=tmp_path))
    index = RouteIndex(site.router, routes_of)
    for path in ("/healthz", "/nowhere", "/api/v1/rooms/1", "/calendar"):
        assert len(index.router_of(path).routes) * 10 < len(site.routes), path


def test_the_table_names_the_first_words_of_each_module() -> None:
    for place, words in ROUTES.items():
        module, _, name = place.partition(":")
        routes = getattr(import_module(f"web.{module}"), name or "router").routes
        assert {word_of(route.path) for route in routes} == set(words.split(" ")), place
        assert not [route.path for route in routes if "{" in word_of(route.path)], "a first word is no parameter"


def test_every_router_is_in_the_table() -> None:
    modules = {place.partition(":")[0] for place in ROUTES}
    line = re.compile(r"^\w*router\b[^=]* = ", re.MULTILINE)
    files = {path for path in Path("web").rglob("*.py") if line.search(path.read_text("utf-8"))}
    assert {".".join(path.with_suffix("").parts[1:]) for path in files} == modules


def test_a_noun_is_loaded_when_one_of_its_addresses_is_asked_for_and_the_rest_soon_after() -> None:
    output = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout
    first, rest = output.splitlines()
    assert set(first.split()) <= {"web.calendar.pages", "web.bookings.pages", "web.rooms.pages"}, output
    assert "web.calendar.pages" in first
    loaded, named = rest.split()
    assert loaded == named
