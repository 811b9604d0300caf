"""What the fields of categories are called, and how their values are told."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.categories.models import FieldKind
from registry.categories.rules import OwnField
from web.kit.page_context import PageContext
from web.kit.words import N_

KIND_WORDS = {
    FieldKind.TEXT: N_("text"),
    FieldKind.NUMBER: N_("number"),
    FieldKind.DAY: N_("date"),
    FieldKind.CHOICE: N_("choice"),
}
TOASTS = {
    "added": N_("The category is made."),
    "changed": N_("The category is changed."),
    "field": N_("The field is saved."),
    "field-removed": N_("The field is removed."),
    "merged": N_("The two categories are one now."),
    "removed": N_("The category is removed."),
}
ACTION_WORDS = {
    "category_added": N_("Made"),
    "category_changed": N_("Changed"),
    "category_took_in": N_("Took in another category"),
    "category_merged": N_("Merged"),
    "category_removed": N_("Removed"),
}


COLUMN_WORDS = {
    "name": N_("name"),
    "parent": N_("below"),
    "kst": N_("KŚT"),
    "warranty_months": N_("warranty, months"),
    "durable_months": N_("durability, months"),
    "label_format": N_("label"),
    "fields": N_("fields"),
    "merged": N_("category"),
    "into": N_("into"),
    "pieces": N_("pieces"),
}


def change_text(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, context: PageContext) -> str:
    """What an entry of a category's history tells."""
    old, new = before or {}, after or {}
    parts = []
    for name in dict.fromkeys([*new, *old]):
        if name == "fields":
            change = _listed(new.get(name))
        elif name in old and name in new:
            change = f"{_listed(old[name])} → {_listed(new[name])}"
        else:
            change = _listed(new.get(name) or old.get(name))
        if change:
            parts.append(f"{context.say(COLUMN_WORDS.get(name, name))}: {change}")
    return ", ".join(parts)


def _listed(value: Any) -> str:
    texts = value if isinstance(value, list) else [value]
    return ", ".join(str(text).split(" (")[0] for text in texts if text not in (None, "")) or "–"


def toast_of(name: str, context: PageContext) -> str:
    """What the page says after an act; nothing for a name that is none."""
    return context.say(TOASTS.get(name, ""))


def value_words(own: OwnField, text: str, context: PageContext) -> str:
    """A stored value as people read it, with its unit."""
    if own.kind is FieldKind.DAY:
        return str(context.fmt.date(date.fromisoformat(text)))
    words = typed_text(own, text)
    return f"{words} {own.unit}" if own.unit else words


def typed_text(own: OwnField, text: str) -> str:
    """A stored value as it is typed: 31.12.2027, 0,5."""
    if own.kind is FieldKind.DAY and text:
        return f"{date.fromisoformat(text):%d.%m.%Y}"
    return text.replace(".", ",") if own.kind is FieldKind.NUMBER else text


def marks_of(own: OwnField, context: PageContext) -> list[str]:
    """What is special about a field, in words."""
    marks = [context.say(KIND_WORDS[own.kind])]
    marks += [", ".join(own.choices)] if own.choices else []
    marks += [context.say(N_("required"))] if own.is_required else []
    marks += [context.say(N_("asked at a stocktake"))] if own.is_counted else []
    marks += [context.say(N_("among what is due"))] if own.is_due else []
    return marks
