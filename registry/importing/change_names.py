"""What the columns of a list change of a piece that is there, by the name of the change. Pure."""

from collections.abc import Collection, Iterable

from registry.core.errors import Invalid
from registry.core.folding import fold
from registry.importing.own_columns import PREFIX

# a row's fields by the columns of a piece that a correction takes
DESCRIPTION = {"name": "name", "category": "category", "serial_no": "serial_no", "note": "note",
               "warranty_until": "warranty_until"}  # fmt: skip
MONEY = {"kst": "kst", "acquired_on": "accepted_on", "quantity": "quantity", "value": "price"}
# cells that say of which funds a piece is, those that name them first
FUNDING = ("grant", "funding", "eu_share", "eu")
# cells beside a field's own one that say it too
ALSO_SAID_BY = {"value": "unit_price", "warranty_until": "warranty_months"}
_CORRECTIONS = DESCRIPTION | MONEY
# of a piece, by the field of the column
CHANGES = {
    **_CORRECTIONS,
    **{also: _CORRECTIONS[name] for name, also in ALSO_SAID_BY.items()},
    **dict.fromkeys(FUNDING, "shares"),
    "room": "room",
    "custodian": "custodian",
}


def change_names(
    columns: Collection[str], titles: Iterable[tuple[str, str]], changes: Collection[str] = ()
) -> dict[str, str]:
    """The changes that these columns of a list make, as the report calls them, by the column. ``titles`` are the fields
    of the list, each with its title; ``changes`` what its rows change beside them. A column goes by its title in the
    file, by what is read of it, or by the change. Raises Invalid("import.changes_nothing").
    """
    words: dict[str, str] = {}
    names = {fold(change): change for change in changes}
    for field, title in titles:
        change = field if field.startswith(PREFIX) else CHANGES.get(field)
        if change:
            words[title] = change
            names |= {fold(word): change for word in (title, field, change)}
    # a page sends the change's own name, whatever a column of the list is called
    names_of = {column: names.get(fold(column), "") for column in columns} | {
        change: change for change in (*words.values(), *changes) if change in columns
    }
    for column, change in names_of.items():
        if not change:
            raise Invalid("import.changes_nothing", column=column[:200], columns=", ".join(words) or "–")
    return names_of
