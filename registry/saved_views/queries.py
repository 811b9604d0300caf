"""What is asked about saved views."""

from tortoise.expressions import Q

from registry.core.errors import NotFound
from registry.core.ids import may_be_id
from registry.saved_views.models import SavedView


async def views_of(owner_id: int) -> list[SavedView]:
    """The office's by name, then this person's own."""
    return await SavedView.filter(Q(is_shared=True) | Q(owner_id=owner_id)).order_by("-is_shared", "name", "id")


async def visible_view(view_id: int, owner_id: int) -> SavedView:
    """One of those that this person has. Raises NotFound("view.unknown")."""
    row = None
    if may_be_id(view_id):
        row = await SavedView.get_or_none(Q(is_shared=True) | Q(owner_id=owner_id), id=view_id)
    if row is None:
        raise NotFound("view.unknown", view=view_id)
    return row
