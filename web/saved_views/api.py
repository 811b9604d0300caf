"""Saved views of the list of assets, for programs."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Response

from registry.people.models import Person
from registry.people.rules import may
from registry.saved_views.actions import ViewChanges, change_view, delete_view, save_view
from registry.saved_views.models import SavedView
from registry.saved_views.queries import views_of, visible_view
from web.assets.table import address_of
from web.auth.access import Caller
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.record_ids import unless_unknown
from web.kit.routing import CallerActor, IfMatch, faults
from web.saved_views.shapes import NewViewBody, SavedViewAnswer, SavedViewsAnswer, ViewChangesBody, view_answer

router = routing.router("assets")
ViewId = Annotated[int, unless_unknown("view.unknown")]


@router.get("/views", responses=faults(), summary="Saved views of the list of assets")
async def listing(person: Caller, paging: Paged) -> ListAnswer[SavedViewAnswer]:
    """The office's, then one's own."""
    rows = await views_of(person.id)
    items = [view_answer(view, person.id) for view in paging.part(rows)]
    return SavedViewsAnswer(items=items, next=paging.cursor(len(items), len(rows)), total=len(rows))


@router.post("/views", status_code=201, responses=faults(409), summary="Save a view")
async def save(
    body: NewViewBody, person: Caller, actor: CallerActor, now: Now, once: OnceOnly, response: Response
) -> SavedViewAnswer:
    """``shared`` is for who keeps the register."""
    query = plain_query(body.query, person)
    return await once(
        lambda key: save_view(body.name, query, body.shared, person, actor, now, key),
        lambda view: _answer(view, person, response),
    )


@router.get("/views/{view_id}", responses=faults(404), summary="One saved view")
async def one(view_id: ViewId, person: Caller, response: Response) -> SavedViewAnswer:
    return await _answer(await visible_view(view_id, person.id), person, response)


@router.patch("/views/{view_id}", responses=faults(404, 409, 412), summary="Change a saved view")
async def change(
    view_id: ViewId,
    body: ViewChangesBody,
    person: Caller,
    actor: CallerActor,
    now: Now,
    revision: IfMatch,
    response: Response,
) -> SavedViewAnswer:
    fields = body.changes()
    query = plain_query(fields["query"], person) if "query" in fields else None
    changes = ViewChanges(fields.get("name"), query, fields.get("shared"))
    return await _answer(await change_view(view_id, changes, person, actor, now, revision), person, response)


@router.delete("/views/{view_id}", status_code=204, responses=faults(404, 409, 412), summary="Delete a saved view")
async def delete(view_id: ViewId, person: Caller, actor: CallerActor, now: Now, revision: IfMatch) -> None:
    await delete_view(view_id, person, actor, now, revision)


def plain_query(text: str, person: Person) -> str:
    """What an address says, without what it says for nothing and without the page where it stands."""
    pairs = dict(parse_qsl(text.removeprefix("/assets").removeprefix("?")))
    return address_of(pairs, may(person.role, "assets.see_money")).query


async def _answer(view: SavedView, person: Person, response: Response) -> SavedViewAnswer:
    response.headers["etag"] = etag(view.revision)
    return view_answer(view, person.id)
