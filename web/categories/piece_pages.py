"""What a category asks of a piece: in the form of a new one, and on a page of its own for one that is there."""

from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.actions import correct
from registry.assets.queries import detail
from registry.categories.queries import category_tree
from registry.categories.rules import CategoryTree
from registry.core.errors import Refusal
from registry.core.idempotency import act_once
from registry.people.models import Person
from web.assets.typed_fields import TypedFields
from web.auth.access import actor_of, page_with
from web.categories.values import OwnTexts, fields_to_type, form_names, read_typed, typed_values
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id, revision_in
from web.kit.render import render
from web.kit.words import N_

router = pages()
Registrar = Annotated[Person, Depends(page_with("assets.change"))]
Text = Annotated[str, Form(max_length=200)]


@router.get("/categories/fields")
async def of_category(request: Request, person: Registrar, now: Now, category: str = "") -> Response:
    """The part of the form of a new piece that its category asks for; what was typed into it already stays."""
    context = page_context(request, person, now)
    form = {name: value for name, value in request.query_params.items() if name.startswith("own-")}
    return render(
        request,
        "categories/_for_new.html",
        person=person,
        context=context,
        form=form,
        faults={},
        **for_new(await category_tree(), category[:80], context),
    )


def for_new(tree: CategoryTree, category: str, context: PageContext) -> dict[str, Any]:
    """What the form of a new piece shows of its category."""
    defaults = tree.defaults_of(category)
    gives = [f"{context.say(N_('KŚT'))} {defaults.kst}"] if defaults.kst else []
    gives += [_months(N_("warranty of %(n)s months"), defaults.warranty_months, context)]
    gives += [_months(N_("durability of %(n)s months with a grant"), defaults.durable_months, context)]
    return {
        "own_fields": tree.fields_of(category),
        "own_path": [node.name for node in tree.path(tree.named(category))],
        "gives": [words for words in gives if words],
    }


def _months(words: str, many: int | None, context: PageContext) -> str:
    return context.say(words) % {"n": many} if many else ""


@router.get("/assets/{asset_id}/fields")
async def edit(request: Request, person: Registrar, asset_id: int, now: Now, typed: TypedWords) -> Response:
    """The fields of a piece, as they are now."""
    asset = await detail(possible_id(asset_id, "asset.unknown"))
    tree = await category_tree()
    own_fields = fields_to_type(tree, asset["category"], asset["own_values"])
    return render(
        request,
        "categories/piece.html",
        person=person,
        context=page_context(request, person, now),
        status=typed.status,
        asset=asset,
        own_fields=own_fields,
        own_path=[node.name for node in tree.path(tree.named(asset["category"]))],
        **({
            "form": typed_values(own_fields, asset["own_values"]), "faults": {}, "sentence": "", "key": uuid4().hex,
            "revision": asset["revision"],
        } | typed.words),
    )  # fmt: skip


@router.post("/assets/{asset_id}/fields")
async def save(
    request: Request, person: Registrar, asset_id: int, now: Now, texts: OwnTexts, revision: Text = "", key: Text = ""
) -> Response:
    """Write what was typed. The same form sent twice does it once."""
    number, context = possible_id(asset_id, "asset.unknown"), page_context(request, person, now)
    asset = await detail(number)
    own_fields = fields_to_type(await category_tree(), asset["category"], asset["own_values"])
    fields, page, form = TypedFields({}, context), f"/assets/{number}/fields", form_names(texts)
    reading = read_typed(own_fields, texts, fields, is_new=False)
    if fields.faults:
        return await back_to(page, request, now, 422, form=form, faults=fields.faults, key=key, revision=revision)
    actor, look = actor_of(request, person), revision_in(revision)
    try:
        await act_once(
            form_key(person, key, now, "own-values", number, form, revision),
            lambda once: correct(number, {"own_values": reading}, actor, now, look, "", once),
            nothing_more,
        )
    except Refusal as refusal:
        sentence = context.words.refusal(refusal)
        return await back_to(page, request, now, status_of(refusal), form=form, sentence=sentence)
    return RedirectResponse(f"/assets/{number}?done=corrected#own-values", 303)
