"""Categories: the tree, what each asks of its pieces, and putting two together."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Response
from pydantic import BaseModel, Field

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
from registry.categories.rules import CategoryDefaults
from registry.core.errors import NotFound
from registry.core.folding import fold
from registry.people.models import Person
from web.auth.access import Caller, caller_with
from web.categories.shapes import (
    DEFAULTS,
    CategoriesAnswer,
    CategoryAnswer,
    CategoryChangesBody,
    MergeBody,
    NewCategoryBody,
    category_answer,
)
from web.kit import routing
from web.kit.answers import ListAnswer, PagedLong, etag
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, IfMatch, faults

router = routing.router("assets")
Keeper = Annotated[Person, Depends(caller_with("assets.change"))]


class MergeAnswer(BaseModel):
    into: str
    pieces: int = Field(description="how many pieces name the other category now")


@router.get("/categories", responses=faults(), summary="Categories, each behind the one above it")
async def listing(person: Caller, paging: PagedLong) -> ListAnswer[CategoryAnswer]:
    tree, counts = await category_tree(), await folded_counts()
    rows = list(tree.in_order())
    items = [category_answer(tree, node, depth, counts.get(fold(node.name), 0)) for depth, node in paging.part(rows)]
    return CategoriesAnswer(items=items, next=paging.cursor(len(items), len(rows)), total=len(rows))


@router.post("/categories", status_code=201, responses=faults(404, 409), summary="Make a category")
async def make(
    body: NewCategoryBody, person: Keeper, actor: CallerActor, now: Now, once: OnceOnly, response: Response
) -> CategoryAnswer:
    defaults = CategoryDefaults(body.kst, body.warranty_months, body.durable_months, body.label_format)
    wishes = tuple(one.wish() for one in body.fields)
    new = NewCategory(body.name, body.code, body.parent, defaults, wishes)

    async def answering(row: Category) -> CategoryAnswer:
        return await _detail(row.code, response)

    return await once(lambda key: add_category(new, actor, now, key), answering)


@router.get("/categories/{code}", responses=faults(404), summary="One category")
async def one(code: str, person: Caller, response: Response) -> CategoryAnswer:
    return await _detail(code, response)


@router.patch("/categories/{code}", responses=faults(404, 409, 412), summary="Rename, move or change a category")
async def change(
    code: str, body: CategoryChangesBody, person: Keeper, actor: CallerActor, now: Now, revision: IfMatch,
    response: Response,
) -> CategoryAnswer:  # fmt: skip
    """Pieces that name it change with it. A field in which pieces hold something is not taken away."""
    fields = body.changes()
    defaults = {name: fields[name] for name in DEFAULTS if name in fields}
    wishes = tuple(one.wish() for one in body.fields) if "fields" in fields else None
    changes = CategoryChanges(fields.get("name"), fields.get("parent"), defaults, wishes)
    row = await change_category(code, changes, actor, now, revision)
    return await _detail(row.code, response)


@router.post("/categories/{code}/merge", responses=faults(404, 409, 412), summary="Put a category into another")
async def merge(
    code: str, body: MergeBody, person: Keeper, actor: CallerActor, now: Now, revision: IfMatch, once: OnceOnly
) -> MergeAnswer:
    """Its pieces, its fields and the categories below it are the other's from now on."""

    async def answering(many: int) -> MergeAnswer:
        return MergeAnswer(into=body.into, pieces=many)

    return await once(lambda key: merge_categories(code, body.into, actor, now, revision, key), answering)


@router.delete("/categories/{code}", status_code=204, responses=faults(404, 409, 412), summary="Remove a category")
async def remove(code: str, person: Keeper, actor: CallerActor, now: Now, revision: IfMatch) -> None:
    """One that no piece, field or category below needs."""
    await remove_category(code, actor, now, revision)


async def folded_counts() -> dict[str, int]:
    """How many pieces name each category, by its folded name."""
    return by_folded_name(await counts_by_category())


def by_folded_name(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts of names, those that are one when they are folded as one."""
    sums: dict[str, int] = {}
    for name, many in counts.items():
        sums[fold(name)] = sums.get(fold(name), 0) + many
    return sums


async def _detail(code: str, response: Response) -> CategoryAnswer:
    tree = await category_tree()
    node = tree.coded(code)
    if node is None:
        raise NotFound("category.unknown", category=code[:40])
    response.headers["etag"] = etag(node.revision)
    return category_answer(tree, node, len(tree.path(node)) - 1, (await folded_counts()).get(fold(node.name), 0))
