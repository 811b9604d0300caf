"""Words that no column could hold, in every field of every page: refused or not found, and never a fault of ours."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from tests import make
from tests.web.conftest import soon
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.assets.table import FILTERS
from web.routes import all_routes

pytestmark = pytest.mark.anyio
WORDS = {"longer than any column": "a" * 1900, "a zero byte": "\x00", "a number that no column holds": "9" * 30}


def fields_of(dependant: Dependant, where: str) -> Iterator[str]:
    """The names of a route's fields, its dependencies' and those of its form among them."""
    for field in getattr(dependant, where):
        of_form = getattr(field.field_info.annotation, "model_fields", None)
        yield from of_form or [field.alias]
    for other in dependant.dependencies:
        yield from fields_of(other, where)


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
async def test_no_word_in_any_field_is_a_fault_of_ours(desk: Desk, word: str) -> None:
    room = await make.make_room(code="1")
    await make.make_asset(room=room)
    booking = await make.make_booking(soon(3), room=room, organizer=desk.people["admin"])
    routes = [one for one in all_routes() if isinstance(one, APIRoute)]
    calls = 0
    for route in (one for one in routes if not one.include_in_schema and one.path != "/sign-out"):
        address = re.sub(r"{\w+}", str(booking.id) if route.path.startswith("/bookings") else "1", route.path)
        if "GET" in route.methods:
            names = [*fields_of(route.dependant, "query_params"), *(FILTERS if route.path == "/assets" else ())]
            answer = await desk.get(address, "admin", params=dict.fromkeys(names, word))
        else:
            fields = dict.fromkeys(fields_of(route.dependant, "body_params"), word)
            answer = await desk.post(address, "admin", **fields)
        assert answer.status_code < 500, (route.methods, route.path)
        calls += 1
    assert calls > 60
