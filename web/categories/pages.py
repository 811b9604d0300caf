"""Categories: the tree, one category with its fields, and putting two together."""

from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.categories import (
    CategoryChanges,
    NewCategory,
    add_category,
    change_category,
    merge_categories,
    remove_category,
)
from registry.assets.queries import counts_by_category
from registry.categories.models import Category
from registry.categories.queries import category_tree
from registry.categories.rules import CategoryNode, CategoryTree
from registry.core.errors import NotFound, Refusal
from registry.core.folding import fold
from registry.core.history import entries_of
from registry.core.idempotency import RequestAnswer, act_once
from registry.labels.formats import FORMATS
from registry.people.models import Person
from web.auth.access import PageCaller, actor_of, page_with
from web.categories import words
from web.categories.api import by_folded_name, folded_counts
from web.categories.form import FieldForm, category_form, field_wish, with_field, without_field
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.history_rows import history_rows
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import revision_in
from web.kit.render import render

router = pages()
Keeper = Annotated[Person, Depends(page_with("assets.change"))]
Text = Annotated[str, Form(max_length=8000)]
Fields = Annotated[FieldForm, Depends(FieldForm)]


@router.get("/categories")
async def listing(request: Request, person: PageCaller, now: Now, typed: TypedWords) -> Response:
    """The tree, and the words of pieces that are no category yet."""
    context = page_context(request, person, now)
    tree, counts = await category_tree(), await counts_by_category()
    by_name = by_folded_name(counts)
    words_alone = [(name, many) for name, many in counts.items() if tree.named(name) is None]
    return render(
        request,
        "categories/categories.html",
        person=person,
        context=context,
        status=typed.status,
        tree=tree,
        rows=list(tree.in_order()),
        counts={
            node.id: sum(by_name.get(fold(one.name), 0) for one in tree.below(node)) for node in tree.nodes.values()
        },
        words_alone=sorted(words_alone, key=lambda row: (-row[1], fold(row[0]))),
        choices=_choices(tree),
        looks=words,
        **({"form": {"name": "", "parent": ""}, "fault": "", "key": uuid4().hex} | typed.words),
    )


def _choices(tree: CategoryTree, but: CategoryNode | None = None) -> list[tuple[str, str]]:
    """Categories to choose from, each with those above it; without one and all below it."""
    out = {node.id for node in tree.below(but)} if but else set()
    return [
        (node.code, " / ".join(one.name for one in tree.path(node)))
        for _, node in tree.in_order()
        if node.id not in out
    ]


@router.post("/categories")
async def make(
    request: Request, person: Keeper, now: Now, name: Text = "", parent: Text = "", key: Text = ""
) -> Response:
    """Make a category. The same form sent twice makes one."""
    form = {"name": name, "parent": parent}

    async def location(row: Category) -> RequestAnswer:
        return RequestAnswer(303, "", {"location": f"/categories/{row.code}?done=added"})

    try:
        new = NewCategory(category_form({"name": name})["name"], parent=parent.strip())
        answer = await act_once(
            form_key(person, key, now, "categories", form),
            lambda once: add_category(new, actor_of(request, person), now, once),
            location,
        )
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to("/categories", request, now, status_of(refusal), form=form, fault=fault, key=key)
    return RedirectResponse(answer.headers["location"], 303)


@router.get("/categories/{code}")
async def one(request: Request, person: PageCaller, code: str, now: Now, typed: TypedWords) -> Response:
    """One category: what it gives to new pieces, what it asks of them, and what happened to it."""
    context = page_context(request, person, now)
    tree = await category_tree()
    node = _node(tree, code)
    counts = await folded_counts()
    form = {name: value or "" for name, value in category_form_of(tree, node).items()}
    return render(
        request,
        "categories/category.html",
        person=person,
        context=context,
        status=typed.status,
        tree=tree,
        node=node,
        trail=tree.path(node),
        above=tree.defaults_of(tree.path(node)[-2].name) if node.parent_id else None,
        gives=tree.defaults_of(node.name),
        inherited=[own for own in tree.fields_of(node.name) if own.category_id != node.id],
        children=tree.children(node.id),
        pieces=sum(counts.get(fold(one.name), 0) for one in tree.below(node)),
        choices=_choices(tree, node),
        formats=[(one.code, one.title) for one in FORMATS.values()],
        lines=await _history(node.id, context) if context.may("history.see") else [],
        looks=words,
        **(
            {"form": form, "open": "", "field_form": {}, "fault": "", "fault_field": "", "key": uuid4().hex}
            | typed.words
        ),
    )


def category_form_of(tree: CategoryTree, node: CategoryNode) -> dict[str, Any]:
    """A category as its form holds it."""
    above = tree.nodes.get(node.parent_id or 0)
    own = node.defaults
    return {
        "name": node.name, "parent": above.code if above else "", "kst": own.kst,
        "warranty_months": own.warranty_months, "durable_months": own.durable_months, "label_format": own.label_format,
    }  # fmt: skip


@router.post("/categories/{code}")
async def change(
    request: Request, person: Keeper, code: str, now: Now, name: Text = "", parent: Text = "", kst: Text = "",
    warranty_months: Text = "", durable_months: Text = "", label_format: Text = "", revision: Text = "", key: Text = "",
) -> Response:  # fmt: skip
    """Rename it, move it, change what it gives to new pieces."""
    form = {
        "name": name, "parent": parent, "kst": kst, "warranty_months": warranty_months,
        "durable_months": durable_months, "label_format": label_format,
    }  # fmt: skip
    try:
        columns = category_form(form)
        defaults = {name: value for name, value in columns.items() if name not in ("name", "parent")}
        changes = CategoryChanges(columns["name"], parent.strip(), defaults)
        await _change(request, person, code, changes, now, revision, (key, form))
    except Refusal as refusal:
        return await _refused(request, person, code, now, refusal, form=form, open="change")
    return RedirectResponse(f"/categories/{code}?done=changed", 303)


@router.post("/categories/{code}/fields")
async def put_field(
    request: Request, person: Keeper, code: str, now: Now, fields: Fields, revision: Text = "", key: Text = ""
) -> Response:
    """Change a field, or add one."""
    form = fields.as_form()
    try:
        node = _node(await category_tree(), code)
        changes = CategoryChanges(fields=with_field(node, field_wish(fields)))
        await _change(request, person, code, changes, now, revision, (key, form))
    except Refusal as refusal:
        return await _refused(
            request,
            person,
            code,
            now,
            refusal,
            field_form=form,
            open=f"field-{fields.field}" if fields.field else "new",
        )
    return RedirectResponse(f"/categories/{code}?done=field#fields", 303)


@router.post("/categories/{code}/fields/{field}/remove")
async def remove_field(
    request: Request, person: Keeper, code: str, field: str, now: Now, revision: Text = "", key: Text = ""
) -> Response:
    """Take away a field that no piece uses."""
    try:
        node = _node(await category_tree(), code)
        changes = CategoryChanges(fields=without_field(node, field))
        await _change(request, person, code, changes, now, revision, (key, field))
    except Refusal as refusal:
        return await _refused(request, person, code, now, refusal, open=f"field-{field}")
    return RedirectResponse(f"/categories/{code}?done=field-removed#fields", 303)


@router.post("/categories/{code}/merge")
async def merge(
    request: Request, person: Keeper, code: str, now: Now, into: Text = "", revision: Text = "", key: Text = ""
) -> Response:
    """Put it into another."""
    actor, look = actor_of(request, person), revision_in(revision)
    try:
        await act_once(
            form_key(person, key, now, "merge", code, into),
            lambda once: merge_categories(code, into.strip(), actor, now, look, once),
            nothing_more,
        )
    except Refusal as refusal:
        return await _refused(request, person, code, now, refusal, open="merge")
    return RedirectResponse(f"/categories/{into.strip()}?done=merged", 303)


@router.post("/categories/{code}/remove")
async def remove(
    request: Request, person: Keeper, code: str, now: Now, revision: Text = "", key: Text = ""
) -> Response:
    """Take out of the tree what nothing needs."""
    actor, look = actor_of(request, person), revision_in(revision)
    try:
        await act_once(
            form_key(person, key, now, "remove", code),
            lambda once: remove_category(code, actor, now, look, once),
            nothing_more,
        )
    except Refusal as refusal:
        return await _refused(request, person, code, now, refusal, open="remove")
    return RedirectResponse("/categories?done=removed", 303)


async def _change(
    request: Request,
    person: Person,
    code: str,
    changes: CategoryChanges,
    now: Any,
    revision: str,
    about: tuple[str, Any],
) -> None:
    actor, look = actor_of(request, person), revision_in(revision)
    await act_once(
        form_key(person, about[0], now, "category", code, about[1], revision),
        lambda once: change_category(code, changes, actor, now, look, once),
        nothing_more,
    )


def _node(tree: CategoryTree, code: str) -> CategoryNode:
    """Raises NotFound("category.unknown")."""
    node = tree.coded(code)
    if node is None:
        raise NotFound("category.unknown", category=code[:40])
    return node


async def _refused(request: Request, person: Person, code: str, now: Any, refusal: Refusal, **typed: Any) -> Response:
    """Back to the category with what was typed and why not, at the field. One that is not there has no page."""
    _node(await category_tree(), code)
    fault = page_context(request, person, now).words.refusal(refusal)
    field = str(refusal.params.get("field", ""))
    return await back_to(
        f"/categories/{code}", request, now, status_of(refusal), **typed, fault=fault, fault_field=field
    )


async def _history(category_id: int, context: PageContext) -> list[dict[str, str]]:
    entries = await entries_of(f"category:{category_id}", 20)
    return history_rows(
        entries, context, words.ACTION_WORDS, lambda entry: words.change_text(entry.before, entry.after, context)
    )
