"""What changes the tree of categories. Pieces name their category, so they change with it: here, above both."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from registry.assets.models import Asset, FieldValue, FormerNumber
from registry.assets.rules import search_text
from registry.categories.models import Category, CategoryField, FieldKind
from registry.categories.queries import category_tree
from registry.categories.rules import (
    MOST_FIELDS,
    NO_DEFAULTS,
    TITLES_OF_ALL,
    CategoryDefaults,
    CategoryNode,
    CategoryTree,
    OwnField,
    code_of,
    move_faults,
)
from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.events import AssetChanged
from registry.core.folding import fold
from registry.core.history import Actor, HistoryEntry, NextEntry
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import Change, transaction

LOT = 500


@dataclass(frozen=True, slots=True)
class FieldWish:
    """A field as somebody wants it. Without a code it is a new one, or the one of this name."""

    name: str
    kind: FieldKind
    code: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    is_required: bool = False
    is_counted: bool = False
    is_due: bool = False


@dataclass(frozen=True, slots=True)
class NewCategory:
    """A category to be made. Without a code it gets one from its name; ``parent`` is the code of the one above."""

    name: str
    code: str = ""
    parent: str = ""
    defaults: CategoryDefaults = NO_DEFAULTS
    fields: tuple[FieldWish, ...] = ()


@dataclass(frozen=True, slots=True)
class CategoryChanges:
    """What is to become of a category; None stays as it is. ``fields`` are put in the place of all its own fields, an
    empty ``parent`` makes it one of the highest.
    """

    name: str | None = None
    parent: str | None = None
    defaults: Mapping[str, Any] | None = None
    fields: tuple[FieldWish, ...] | None = None


async def add_category(
    new: NewCategory, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Category:
    """Make a category. Pieces that name it already belong to it from now on.

    Raises NotFound("category.unknown"), Conflict: category.exists, category.field_exists, category.title_of_all;
    Invalid: category.too_deep, category.too_many_fields.
    """
    async with _of_tree() as change:
        tree = await category_tree()
        parent = _coded(tree, new.parent) if new.parent else None
        for refusal in move_faults(tree, None, parent):
            raise refusal
        _refuse_names(tree, new.name, None)
        code = new.code or code_of(new.name, (node.code for node in tree.nodes.values()))
        if tree.coded(code):
            raise Conflict("category.exists", name=code)
        row = await Category.create(
            name=new.name, name_key=fold(new.name), code=code, parent_id=parent.id if parent else None,
            **asdict(new.defaults),
        )  # fmt: skip
        await _put_fields(row, new.fields, tree)
        await _rename_pieces(await _spellings(new.name), new.name, change, actor, now)
        after = {"name": new.name, "parent": parent.name if parent else None, **_told(asdict(new.defaults))}
        after |= {"fields": [wish.name for wish in new.fields]} if new.fields else {}
        await history.write(f"category:{row.id}", "category_added", actor, now, after=after)
        await record(request_key, row)
    return row


async def change_category(
    code: str, changes: CategoryChanges, actor: Actor, now: datetime, if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> Category:  # fmt: skip
    """Rename a category, move it, change what it gives to new pieces or which fields its pieces have.

    Raises NotFound("category.unknown"), Conflict: category.exists, category.field_exists, category.title_of_all,
    category.field_used, category.choice_used, request.stale; Invalid: category.below_itself, category.too_deep,
    category.too_many_fields.
    """
    async with _of_tree() as change:
        tree = await category_tree()
        node = _coded(tree, code)
        row = await _locked(node, if_revision)
        before = _state(row, tree)
        if changes.name is not None and changes.name != row.name:
            _refuse_names(tree, changes.name, node)
            spellings = await _spellings(row.name, changes.name)
            row.name, row.name_key = changes.name, fold(changes.name)
            await _rename_pieces(spellings, row.name, change, actor, now)
        if changes.parent is not None:
            parent = _coded(tree, changes.parent) if changes.parent else None
            for refusal in move_faults(tree, node, parent):
                raise refusal
            row.parent_id = parent.id if parent else None
        for name, value in (changes.defaults or {}).items():
            setattr(row, name, value)
        if changes.fields is not None:
            await _put_fields(row, changes.fields, tree)
        after = _state(row, await category_tree())
        differing = [name for name in after if after[name] != before[name]]
        if differing:
            row.revision += 1
            await row.save()
            old, new = ({name: side[name] for name in differing} for side in (before, after))
            await history.write(f"category:{row.id}", "category_changed", actor, now, before=old, after=new)
        await record(request_key, row)
    return row


async def merge_categories(
    code: str, into: str, actor: Actor, now: datetime, if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> int:  # fmt: skip
    """Give all that a category has to another: its pieces, its fields, the categories below it. It is no more then.
    Returns how many pieces that are.

    Raises NotFound("category.unknown"), Conflict("request.stale"), Invalid: category.below_itself, category.too_deep,
    category.too_many_fields.
    """
    async with _of_tree() as change:
        tree = await category_tree()
        node, target = _coded(tree, code), _coded(tree, into)
        row = await _locked(node, if_revision)
        if target in tree.below(node):
            raise Invalid("category.below_itself", category=node.name, field="into")
        if node.fields and len(node.fields) + len(target.fields) > MOST_FIELDS:
            raise Invalid("category.too_many_fields", limit=MOST_FIELDS, field="into")
        for child in tree.children(node.id):
            for refusal in move_faults(tree, child, target):
                raise refusal
        many = await _rename_pieces(await _spellings(node.name), target.name, change, actor, now)
        for place, own in enumerate(node.fields, len(target.fields)):
            await CategoryField.filter(id=own.id).update(category_id=target.id, place=place)
        for child in tree.children(node.id):
            await _move_along(child, node, target, actor, now)
        await Category.filter(id=target.id).update(revision=target.revision + 1)
        await row.delete()
        words = {"merged": node.name, "pieces": many}
        await history.write(f"category:{node.id}", "category_merged", actor, now, after={"into": target.name})
        await history.write(f"category:{target.id}", "category_took_in", actor, now, after=words)
        await record(request_key, many)
    return many


async def _move_along(
    child: CategoryNode, former: CategoryNode, target: CategoryNode, actor: Actor, now: datetime
) -> None:
    """A category whose parent becomes a part of another stands below that one."""
    await Category.filter(id=child.id).update(parent_id=target.id, revision=child.revision + 1)
    before, after = {"parent": former.name}, {"parent": target.name}
    await history.write(f"category:{child.id}", "category_changed", actor, now, before=before, after=after)


async def remove_category(
    code: str, actor: Actor, now: datetime, if_revision: int | None = None, request_key: RequestKey | None = None
) -> None:
    """Take a category out of the tree that nothing needs. Raises NotFound("category.unknown"), Conflict:
    category.used, request.stale.
    """
    async with _of_tree():
        tree = await category_tree()
        node = _coded(tree, code)
        row = await _locked(node, if_revision)
        spellings = await _spellings(node.name)
        pieces = await Asset.filter(category__in=spellings).count() if spellings else 0
        below = len(tree.children(node.id))
        values = await FieldValue.filter(field_id__in=[own.id for own in node.fields]).count() if node.fields else 0
        if pieces or below or values:
            raise Conflict("category.used", name=node.name, pieces=pieces or values, below=below)
        await CategoryField.filter(category_id=node.id).delete()
        await row.delete()
        await history.write(f"category:{node.id}", "category_removed", actor, now, before={"name": node.name})
        await record(request_key, None)


@asynccontextmanager
async def _of_tree() -> AsyncIterator[Change]:
    """A transaction that alone changes the tree: two moves at once would each fit the tree that it saw, and make a
    circle together. A name that somebody else took at the same moment is a refusal.
    """
    try:
        async with transaction() as change:
            await Category.select_for_update().filter().order_by("id").only("id")
            yield change
    except IntegrityError as fault:
        raise Conflict("request.stale") from fault


def _coded(tree: CategoryTree, code: str) -> CategoryNode:
    node = tree.coded(code)
    if node is None:
        raise NotFound("category.unknown", category=code[:40])
    return node


async def _locked(node: CategoryNode, if_revision: int | None) -> Category:
    row = await Category.select_for_update().get_or_none(id=node.id)
    if row is None:
        raise NotFound("category.unknown", category=node.code)
    if if_revision not in (None, row.revision):
        raise Conflict("request.stale", revision=row.revision)
    return row


def _refuse_names(tree: CategoryTree, name: str, node: CategoryNode | None) -> None:
    rival = tree.named(name)
    if rival is not None and rival is not node:
        raise Conflict("category.exists", name=rival.name)


def _told(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if value}


def _state(row: Category, tree: CategoryTree) -> dict[str, Any]:
    """What a history tells of a category."""
    node, parent = tree.nodes[row.id], tree.nodes.get(row.parent_id or 0)
    return {
        "name": row.name,
        "parent": parent.name if parent else None,
        "kst": row.kst,
        "warranty_months": row.warranty_months,
        "durable_months": row.durable_months,
        "label_format": row.label_format,
        "fields": [_field_words(own) for own in node.fields],
    }


def _field_words(own: OwnField) -> str:
    marks = [own.kind.value, *own.choices]
    marks += [mark for mark in ("is_required", "is_counted", "is_due") if getattr(own, mark)]
    return f"{own.title} ({', '.join(marks)})"


async def _put_fields(row: Category, wishes: Sequence[FieldWish], tree: CategoryTree) -> None:
    """The own fields of a category from now on, in this order. What pieces hold is never lost."""
    if len(wishes) > MOST_FIELDS:
        raise Invalid("category.too_many_fields", limit=MOST_FIELDS, field="fields")
    node = tree.nodes.get(row.id)
    former = {own.code: own for own in node.fields} if node else {}
    others = {fold(own.name): own for own in tree.fields_of_all() if own.code not in former}
    codes = {own.code for own in tree.fields_of_all()}
    by_name = {fold(own.name): own.code for own in former.values()}
    goal: dict[str, FieldWish] = {}
    names: set[str] = set()
    for wish in wishes:
        key = fold(wish.name)
        if key in others or key in names:
            raise Conflict("category.field_exists", name=wish.name)
        if key in TITLES_OF_ALL and key not in by_name:
            raise Conflict("category.title_of_all", name=wish.name)
        names.add(key)
        code = wish.code if wish.code in former else by_name.get(key) or code_of(wish.name, codes)
        codes.add(code)
        goal[code] = replace(wish, code=code)
    await _remove_fields([own for own in former.values() if own.code not in goal])
    for place, wish in enumerate(goal.values()):
        await _put_field(row.id, wish, former.get(wish.code), place)


async def _remove_fields(fields: Sequence[OwnField]) -> None:
    for own in fields:
        if await FieldValue.filter(field_id=own.id).exists():
            raise Conflict("category.field_used", name=own.name)
        await CategoryField.filter(id=own.id).delete()


async def _put_field(category_id: int, wish: FieldWish, former: OwnField | None, place: int) -> None:
    if former is not None and (former.kind is not wish.kind or set(former.choices) - set(wish.choices)):
        texts = FieldValue.filter(field_id=former.id)
        if former.kind is not wish.kind and await texts.exists():
            raise Conflict("category.field_used", name=former.name)
        missing = sorted(set(former.choices) - set(wish.choices))
        if former.kind is FieldKind.CHOICE and await texts.filter(text__in=missing).exists():
            raise Conflict("category.choice_used", name=former.name, choices=", ".join(missing))
    columns: dict[str, Any] = {
        "name": wish.name, "name_key": fold(wish.name), "kind": wish.kind, "unit": wish.unit,
        "choices": "\n".join(wish.choices) if wish.kind is FieldKind.CHOICE else "",
        "is_required": wish.is_required, "is_counted": wish.is_counted,
        "is_due": wish.is_due and wish.kind is FieldKind.DAY, "place": place,
    }  # fmt: skip
    if former is None:
        await CategoryField.create(category_id=category_id, code=wish.code, **columns)
    else:
        await CategoryField.filter(id=former.id).update(**columns)


async def _spellings(*names: str) -> list[str]:
    """The words by which pieces name these categories, as they are written."""
    keys = {fold(name) for name in names}
    words = await Asset.filter().exclude(category="").distinct().values_list("category", flat=True)
    return [str(word) for word in words if fold(str(word)) in keys]


async def _rename_pieces(spellings: Collection[str], name: str, change: Change, actor: Actor, now: datetime) -> int:
    """Have the pieces of these categories name another. Returns how many."""
    others = [word for word in spellings if word != name]
    many, last = 0, 0
    while others:
        lot = await Asset.select_for_update().filter(category__in=others, id__gt=last).order_by("id").limit(LOT)
        if not lot:
            break
        last, many = lot[-1].id, many + len(lot)
        await _rename_lot(lot, name, actor, now)
        for asset in lot:
            change.happened(AssetChanged(asset.id))
    return many


async def _rename_lot(lot: Sequence[Asset], name: str, actor: Actor, now: datetime) -> None:
    ids = [asset.id for asset in lot]
    texts: dict[int, list[str]] = {pk: [] for pk in ids}
    for pk, code in await Asset.filter(id__in=ids, purchase_id__not_isnull=True).values_list("id", "purchase__code"):
        texts[pk].append(str(code))
    for rows, label in ((FormerNumber, "number"), (FieldValue, "text")):
        for pk, text in await rows.filter(asset_id__in=ids).order_by("id").values_list("asset_id", label):
            texts[pk].append(str(text))
    before: dict[int, str] = {}
    for asset in lot:
        before[asset.id], asset.category = asset.category, name
        parts = (asset.name, asset.inventory_no, asset.serial_no, asset.kst, name, asset.note, *texts[asset.id])
        asset.search_text, asset.revision = search_text(*parts), asset.revision + 1
    await Asset.bulk_update(lot, ["category", "search_text", "revision"], batch_size=LOT)
    things = [f"asset:{pk}" for pk in ids]
    heads = {entry.object: entry for entry in await HistoryEntry.filter(object__in=things).order_by("seq")}
    entries = [
        NextEntry(heads[f"asset:{pk}"], before={"category": before[pk]}, after={"category": name})
        for pk in ids
        if f"asset:{pk}" in heads
    ]
    await history.write_next(entries, "corrected", actor, now)
    new = [(f"asset:{pk}", {"category": name}) for pk in ids if f"asset:{pk}" not in heads]
    await history.write_new(new, "corrected", actor, now)
