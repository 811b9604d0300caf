"""Saving, changing and deleting views. The office's are changed by who keeps the register, one's own by oneself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.core import history
from registry.core.errors import Conflict, Forbidden, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_name
from registry.core.transaction import transaction
from registry.people.models import Person
from registry.people.rules import may
from registry.saved_views.models import SavedView
from registry.saved_views.queries import visible_view
from registry.saved_views.rules import NAME_LENGTH, faults

SHARING = "assets.change"


@dataclass(frozen=True, slots=True)
class ViewChanges:
    """What is to become of a view; None stays as it is."""

    name: str | None = None
    query: str | None = None
    is_shared: bool | None = None


async def save_view(
    name: str,
    query: str,
    is_shared: bool,
    person: Person,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
) -> SavedView:
    """Raises Forbidden("auth.role"); Invalid: request.missing_field, request.bad_field, view.long_name, view.too_long;
    Conflict: view.name_taken, view.too_many.
    """
    view = SavedView(owner_id=person.id, name=name.strip(), query=query, is_shared=is_shared, made_at=now)
    async with transaction():
        _check_right(is_shared, person)
        await _check(view)
        await view.save()
        await history.write(f"view:{view.id}", "saved", actor, now, after=_words(view))
        await record(request_key, view)
    return view


async def change_view(
    view_id: int, changes: ViewChanges, person: Person, actor: Actor, now: datetime, if_revision: int | None = None
) -> SavedView:
    """Raises as :func:`save_view`; NotFound("view.unknown"), Conflict("request.stale")."""
    async with transaction():
        view = await _locked(view_id, person, if_revision)
        before = _words(view)
        if changes.name is not None:
            view.name = changes.name.strip()
        if changes.query is not None:
            view.query = changes.query
        if changes.is_shared is not None:
            _check_right(changes.is_shared, person)
            view.is_shared = changes.is_shared
        after = _words(view)
        if before != after:
            await _check(view)
            view.revision += 1
            await view.save()
            await history.write(f"view:{view.id}", "changed", actor, now, before=before, after=after)
    return view


async def delete_view(
    view_id: int, person: Person, actor: Actor, now: datetime, if_revision: int | None = None
) -> None:
    """Raises NotFound("view.unknown"), Forbidden("auth.role"), Conflict("request.stale")."""
    async with transaction():
        view = await _locked(view_id, person, if_revision)
        await SavedView.filter(id=view.id).delete()
        await history.write(f"view:{view.id}", "deleted", actor, now, before=_words(view))


async def _locked(view_id: int, person: Person, if_revision: int | None) -> SavedView:
    await visible_view(view_id, person.id)
    view = await SavedView.select_for_update().get_or_none(id=view_id)
    if view is None:
        raise NotFound("view.unknown", view=view_id)
    _check_right(view.is_shared, person)
    if if_revision not in (None, view.revision):
        raise Conflict("request.stale", revision=view.revision)
    return view


def _check_right(is_shared: bool, person: Person) -> None:
    if is_shared and not may(person.role, SHARING):
        raise Forbidden("auth.role")


async def _check(view: SavedView) -> None:
    own = SavedView.filter(owner_id=view.owner_id, is_shared=False)
    beside = SavedView.filter(is_shared=True) if view.is_shared else own
    others = beside.exclude(id=view.id) if view.id else beside
    rivals = await others.filter(name=view.name).count() if may_be_name(view.name, NAME_LENGTH) else 0
    if reasons := faults(view.name, view.query, await others.count(), rivals):
        raise reasons[0]


def _words(view: SavedView) -> dict[str, Any]:
    return {"name": view.name, "query": view.query, "is_shared": view.is_shared}
