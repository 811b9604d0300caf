"""What is asked about categories: all of them as one tree, of which an office has some dozens."""

from registry.categories.models import Category, CategoryField
from registry.categories.rules import CategoryDefaults, CategoryNode, CategoryTree, OwnField, choices_of, tree_of


async def category_tree() -> CategoryTree:
    """Every category with its fields, in two statements; in one where there is none."""
    rows = await Category.all().order_by("id")
    if not rows:
        return CategoryTree()
    by_category: dict[int, list[OwnField]] = {}
    for one in await CategoryField.all().order_by("category_id", "place", "id"):
        by_category.setdefault(one.category_id, []).append(own_field(one))
    return tree_of(node_of(row, by_category.get(row.id, ())) for row in rows)


def node_of(row: Category, own_fields: "list[OwnField] | tuple[OwnField, ...]" = ()) -> CategoryNode:
    defaults = CategoryDefaults(row.kst, row.warranty_months, row.durable_months, row.label_format)
    return CategoryNode(row.id, row.code, row.name, row.parent_id, defaults, tuple(own_fields), row.revision)


def own_field(row: CategoryField) -> OwnField:
    """A stored field as the rules read it."""
    return OwnField(
        id=row.id,
        category_id=row.category_id,
        code=row.code,
        name=row.name,
        kind=row.kind,
        unit=row.unit,
        choices=choices_of(row.choices),
        is_required=row.is_required,
        is_counted=row.is_counted,
        is_due=row.is_due,
    )
