"""The fields of a category in the forms and on the page of a piece. A form names them ``own-`` and their code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from registry.assets.queries import values_in_use
from registry.categories.queries import category_tree
from registry.categories.rules import CategoryTree, OwnField, ReadValues, read_values
from web.assets.typed_fields import TypedFields
from web.categories.words import typed_text, value_words
from web.kit.page_context import PageContext

PREFIX = "own-"
LONGEST = 2000


async def _own_texts(request: Request) -> dict[str, str]:
    form = await request.form()
    return {
        name.removeprefix(PREFIX): value[:LONGEST]
        for name, value in form.multi_items()
        if name.startswith(PREFIX) and isinstance(value, str)
    }


# what a form says of the fields of a category, by their codes
OwnTexts = Annotated[dict[str, str], Depends(_own_texts)]


def read_typed(
    own_fields: Sequence[OwnField], texts: Mapping[str, str], fields: TypedFields, *, is_new: bool
) -> ReadValues:
    """What was typed into these fields; what cannot stand is in ``fields.faults`` under the name of its field."""
    by_code = {own.code for own in own_fields}
    reading = read_values(own_fields, {code: text for code, text in texts.items() if code in by_code}, is_new=is_new)
    for code, refusal in reading.faults.items():
        fields.faults.setdefault(f"{PREFIX}{code}", fields.context.words.refusal(refusal))
    return reading


def form_names(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts under the names that a form gives them."""
    return {f"{PREFIX}{code}": text for code, text in texts.items()}


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A field of a piece with what it holds. ``source`` is the category that asks it, empty of a former one."""

    own: OwnField
    words: str
    source: str

    @property
    def is_lacking(self) -> bool:
        return self.own.is_required and not self.words


@dataclass(frozen=True, slots=True)
class OwnView:
    """The fields of a piece's category, and what else it holds from former ones."""

    lines: list[OwnLine]
    path: list[tuple[str, str]]

    @property
    def lacking(self) -> list[str]:
        return [line.own.name for line in self.lines if line.is_lacking]


async def own_view(category: str, values: Mapping[str, str], context: PageContext) -> OwnView:
    """``values`` are what the piece holds, by the fields' codes."""
    tree = await category_tree() if category or values else CategoryTree()
    own_fields = tree.fields_of(category)
    here = {own.code for own in own_fields}
    rest = [own for own in tree.fields_of_all() if own.code in values and own.code not in here]
    lines = [
        OwnLine(
            own,
            value_words(own, values[own.code], context) if own.code in values else "",
            tree.nodes[own.category_id].name if own.code in here else "",
        )
        for own in [*own_fields, *rest]
    ]
    return OwnView(lines, [(node.code, node.name) for node in tree.path(tree.named(category))])


def fields_to_type(tree: CategoryTree, category: str, values: Mapping[str, str] | None = None) -> list[OwnField]:
    """The fields that a form asks of a piece: those of its category, and those in which it holds something."""
    own_fields = tree.fields_of(category)
    here = {own.code for own in own_fields}
    return own_fields + [own for own in tree.fields_of_all() if own.code in (values or {}) and own.code not in here]


def typed_values(own_fields: Sequence[OwnField], values: Mapping[str, str]) -> dict[str, str]:
    """What a piece holds, as it is typed, under the names of a form."""
    return {f"{PREFIX}{own.code}": typed_text(own, values.get(own.code, "")) for own in own_fields}


def typed_pattern(tree: CategoryTree, pattern: Mapping[str, Any] | None) -> dict[str, str]:
    """What a copy takes over of the piece that it is made of; nothing without one."""
    return typed_values(tree.fields_of(pattern["category"]), pattern["own_values"]) if pattern else {}


async def field_options(category: str, context: PageContext) -> list[tuple[str, str]]:
    """What the fields of a category hold, as a filter offers it: ``code:value`` and the words."""
    by_id = {own.id: own for own in (await category_tree()).fields_of(category)}
    rows = await values_in_use(list(by_id)) if by_id else []
    return [
        (f"{by_id[pk].code}:{text}", f"{by_id[pk].name}: {value_words(by_id[pk], text, context)}") for pk, text in rows
    ]
