"""Categories as programs send and read them."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from registry.assets.categories import FieldWish
from registry.categories.models import FieldKind
from registry.categories.rules import (
    CODE,
    CODE_LENGTH,
    LONGEST_MONTHS,
    MOST_CHOICES,
    MOST_FIELDS,
    CategoryNode,
    CategoryTree,
    OwnField,
)
from registry.core.errors import N_
from registry.labels.formats import FORMATS
from web.assets.shapes import Kst
from web.kit.answers import ListAnswer
from web.kit.body import LINE, NAME, Body, Changes, Whole, YesNo, left_out, unfit


def _label_format(code: str) -> str:
    if code and code not in FORMATS:
        raise unfit(N_("choose one of {formats}"), formats=", ".join(FORMATS))
    return code


CategoryName = Annotated[str, Field(min_length=1, max_length=80), NAME]
CategoryCode = Annotated[str, Field(max_length=CODE_LENGTH, pattern=f"^({CODE.pattern})?$")]
Above = Annotated[
    str, Field(max_length=CODE_LENGTH, description="the code of the category above, empty for none"), LINE
]
Months = Annotated[Whole, Field(ge=1, le=LONGEST_MONTHS)]
LabelFormatCode = Annotated[str, Field(max_length=20), LINE, AfterValidator(_label_format)]
ChoiceWord = Annotated[str, Field(min_length=1, max_length=80), NAME]


class FieldBody(Body):
    """A field by its code, or a new one without; a new one gets a code from its name."""

    name: Annotated[str, Field(min_length=1, max_length=80), NAME]
    kind: FieldKind
    code: CategoryCode = ""
    unit: Annotated[str, Field(max_length=20), LINE] = ""
    choices: Annotated[list[ChoiceWord], Field(max_length=MOST_CHOICES)] = []
    required: YesNo = False
    at_stocktake: YesNo = False
    due: Annotated[YesNo, Field(description="of a date: something ends on it, it stands among what is due")] = False

    def wish(self) -> FieldWish:
        return FieldWish(
            name=self.name,
            kind=self.kind,
            code=self.code,
            unit=self.unit,
            choices=tuple(dict.fromkeys(self.choices)),
            is_required=self.required,
            is_counted=self.at_stocktake,
            is_due=self.due,
        )


Fields = Annotated[list[FieldBody], Field(max_length=MOST_FIELDS)]


class NewCategoryBody(Body):
    """Pieces that name it already belong to it."""

    name: CategoryName
    code: CategoryCode = ""
    parent: Above = ""
    kst: Kst = ""
    warranty_months: Months | None = None
    durable_months: Months | None = None
    label_format: LabelFormatCode = ""
    fields: Fields = []


class CategoryChangesBody(Changes):
    """What is left out stays as it is; ``fields`` are put in the place of all its own ones."""

    name: CategoryName = left_out()
    parent: Above = left_out()
    kst: Kst = left_out()
    warranty_months: Months | None = left_out()
    durable_months: Months | None = left_out()
    label_format: LabelFormatCode = left_out()
    fields: Fields = left_out()


class MergeBody(Body):
    into: Annotated[
        str, Field(min_length=1, max_length=CODE_LENGTH, description="the code of the one that stays"), LINE
    ]


class FieldAnswer(BaseModel):
    code: str
    name: str
    kind: FieldKind
    unit: str
    choices: list[str]
    required: bool
    at_stocktake: bool
    due: bool
    category: str = Field(description="the code of the category whose own field it is")


class CategoryAnswer(BaseModel):
    code: str
    name: str
    parent: str | None
    depth: int = Field(description="0 for the highest")
    kst: str = Field(description="its own; empty where it is as above")
    warranty_months: int | None
    durable_months: int | None
    label_format: str
    defaults: dict[str, Any] = Field(description="what a new piece gets, from it or from above")
    fields: list[FieldAnswer] = Field(description="what its pieces have, from above first")
    pieces: int = Field(description="that name it")
    revision: int


CategoriesAnswer = ListAnswer[CategoryAnswer]


def category_answer(tree: CategoryTree, node: CategoryNode, depth: int, pieces: int) -> CategoryAnswer:
    """A category with what it inherits."""
    above, defaults = tree.nodes.get(node.parent_id or 0), tree.defaults_of(node.name)
    return CategoryAnswer(
        code=node.code,
        name=node.name,
        parent=above.code if above else None,
        depth=depth,
        kst=node.defaults.kst,
        warranty_months=node.defaults.warranty_months,
        durable_months=node.defaults.durable_months,
        label_format=node.defaults.label_format,
        defaults={name: getattr(defaults, name) for name in DEFAULTS if getattr(defaults, name)},
        fields=[_field(own, tree) for own in tree.fields_of(node.name)],
        pieces=pieces,
        revision=node.revision,
    )


DEFAULTS = ("kst", "warranty_months", "durable_months", "label_format")


def _field(own: OwnField, tree: CategoryTree) -> FieldAnswer:
    return FieldAnswer(
        code=own.code,
        name=own.name,
        kind=own.kind,
        unit=own.unit,
        choices=list(own.choices),
        required=own.is_required,
        at_stocktake=own.is_counted,
        due=own.is_due,
        category=tree.nodes[own.category_id].code,
    )
