"""Saved views on pages: saved from the list, renamed, shared and deleted on a page of their own."""

from typing import Annotated, Any

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Refusal
from registry.core.idempotency import act_once
from registry.people.rules import may
from registry.saved_views.actions import SHARING, ViewChanges, change_view, delete_view, save_view
from registry.saved_views.queries import views_of
from web.auth.access import PageCaller, actor_of
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id, revision_in
from web.kit.render import render
from web.saved_views.api import plain_query

router = pages("/assets/views")
Text = Annotated[str, Form(max_length=4000)]


@router.get("")
async def listing(request: Request, person: PageCaller, now: Now, typed: TypedWords) -> Response:
    """The office's and one's own, to rename, share and delete."""
    context = page_context(request, person, now)
    words: dict[str, Any] = {"view_id": 0, "name": "", "query": "", "shared": False, "fault": ""} | typed.words
    return render(
        request,
        "saved_views/views.html",
        person=person,
        status=typed.status,
        context=context,
        views=await views_of(person.id),
        may_share=may(person.role, SHARING),
        **words,
    )


@router.post("")
async def save(
    request: Request, person: PageCaller, now: Now, name: Text = "", query: Text = "", shared: Text = "", key: Text = ""
) -> Response:
    """Save what the list shows under a name."""
    plain = plain_query(query, person)
    try:
        await act_once(
            form_key(person, key, now, "view", name, plain, shared),
            lambda once: save_view(name, plain, bool(shared), person, actor_of(request, person), now, once),
            nothing_more,
        )
    except Refusal as refusal:
        if refusal.code == "auth.role":
            raise
        fault = page_context(request, person, now).words.refusal(refusal)
        words = {"name": name, "query": plain, "shared": bool(shared), "fault": fault}
        return await back_to("/assets/views", request, now, status_of(refusal), **words)
    return RedirectResponse(f"/assets?{plain}" if plain else "/assets", 303)


@router.post("/{view_id}")
async def change(
    request: Request,
    person: PageCaller,
    now: Now,
    view_id: int,
    name: Text = "",
    shared: Text = "",
    revision: Text = "",
) -> Response:
    """Another name, and whether everybody has it."""
    number = possible_id(view_id, "view.unknown")
    is_shared = bool(shared) if may(person.role, SHARING) else None
    try:
        changes = ViewChanges(name.strip(), None, is_shared)
        await change_view(number, changes, person, actor_of(request, person), now, revision_in(revision))
    except Refusal as refusal:
        if refusal.code in ("auth.role", "view.unknown"):
            raise
        fault = page_context(request, person, now).words.refusal(refusal)
        words = {"view_id": number, "name": name, "shared": bool(shared), "fault": fault}
        return await back_to("/assets/views", request, now, status_of(refusal), **words)
    return RedirectResponse("/assets/views", 303)


@router.post("/{view_id}/delete")
async def delete(request: Request, person: PageCaller, now: Now, view_id: int) -> Response:
    """Delete a view; the assets stay as they are."""
    await delete_view(possible_id(view_id, "view.unknown"), person, actor_of(request, person), now)
    return RedirectResponse("/assets/views", 303)
