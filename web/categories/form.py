"""What somebody typed about a category or one of its fields. Raises Invalid where it cannot stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form

from registry.assets.categories import FieldWish
from registry.categories.models import FieldKind
from registry.categories.rules import LONGEST_MONTHS, MOST_CHOICES, CategoryNode, OwnField, choices_of
from registry.core.errors import N_, Invalid, NotFound, Reason
from registry.importing.cells import Unreadable, kst
from registry.labels.formats import format_named

LONGEST_NAME, LONGEST_UNIT = 80, 20
Text = Annotated[str, Form(max_length=8000)]


@dataclass(slots=True)
class FieldForm:
    """The form of one field; without ``field``, its code, it is a new one."""

    field: Text = ""
    name: Text = ""
    kind: Text = ""
    unit: Text = ""
    choices: Text = ""
    required: Text = ""
    counted: Text = ""
    due: Text = ""

    def as_form(self) -> dict[str, str]:
        names = ("field", "name", "kind", "unit", "choices", "required", "counted", "due")
        return {name: getattr(self, name) for name in names}


def category_form(form: Mapping[str, str]) -> dict[str, Any]:
    """The columns of a category, as far as the form has them."""
    columns: dict[str, Any] = {"name": _line(form["name"], "name", LONGEST_NAME)}
    if "kst" in form:
        columns["kst"] = _kst(form["kst"])
        columns |= {name: _months(form[name], name) for name in ("warranty_months", "durable_months")}
        label_format = form["label_format"].strip()
        columns["label_format"] = format_named(label_format).code if label_format else ""
    return columns


def field_wish(form: FieldForm) -> FieldWish:
    """A field as it was typed."""
    name = _line(form.name, "field_name", LONGEST_NAME)
    if form.kind not in set(FieldKind):
        raise Invalid("request.missing_field", field="kind")
    kind = FieldKind(form.kind)
    choices = choices_of(form.choices) if kind is FieldKind.CHOICE else ()
    if kind is FieldKind.CHOICE and not choices:
        raise Invalid("request.missing_field", field="choices")
    if len(choices) > MOST_CHOICES or any(len(word) > LONGEST_NAME or not word.isprintable() for word in choices):
        reason = Reason(N_("write {limit} words at most, each of {longest} characters"), limit=MOST_CHOICES, longest=80)
        raise Invalid("request.bad_field", field="choices", reason=reason)
    unit = _line(form.unit, "unit", LONGEST_UNIT) if form.unit.strip() else ""
    flags = {"is_required": form.required, "is_counted": form.counted, "is_due": form.due}
    return FieldWish(name, kind, form.field, unit, choices, **{flag: bool(text) for flag, text in flags.items()})


def with_field(node: CategoryNode, wish: FieldWish) -> tuple[FieldWish, ...]:
    """The own fields of a category with one changed, or a new one behind them."""
    wishes = {own.code: wish_of(own) for own in node.fields}
    if wish.code and wish.code not in wishes:
        raise NotFound("request.not_found")
    return tuple((wishes | {wish.code or "": wish}).values())


def without_field(node: CategoryNode, code: str) -> tuple[FieldWish, ...]:
    return tuple(wish_of(own) for own in node.fields if own.code != code)


def wish_of(own: OwnField) -> FieldWish:
    """A field as it is."""
    flags = (own.is_required, own.is_counted, own.is_due)
    return FieldWish(own.name, own.kind, own.code, own.unit, own.choices, *flags)


def _line(text: str, name: str, longest: int) -> str:
    line = " ".join(text.split())
    if not line:
        raise Invalid("request.missing_field", field=name)
    if len(line) > longest or not line.isprintable():
        reason = Reason(N_("it is longer than {limit} characters"), limit=longest)
        raise Invalid("request.bad_field", field=name, reason=reason)
    return line


def _kst(text: str) -> str:
    try:
        return kst(text).symbol if text.strip() else ""
    except Unreadable as fault:
        raise Invalid("request.bad_field", field="kst", reason=Reason(str(fault))) from fault


def _months(text: str, name: str) -> int | None:
    digits = text.strip()
    if not digits:
        return None
    if digits.isascii() and digits.isdecimal() and len(digits) < 4 and 1 <= int(digits) <= LONGEST_MONTHS:
        return int(digits)
    reason = Reason(N_("write a whole number of months from 1 to {limit}"), limit=LONGEST_MONTHS)
    raise Invalid("request.bad_field", field=name, reason=reason)
