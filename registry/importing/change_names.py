"""What the columns of a list change of a piece that is there, by the name of the change. Pure."""

from collections.abc import Collection

from registry.core.errors import Invalid
from registry.core.folding import fold
from registry.importing.layout import ListLayout
from registry.importing.own_columns import PREFIX

# of a piece, by the field of the column
CHANGES = {
    "name": "name", "category": "category", "serial_no": "serial_no", "note": "note", "kst": "kst",
    "quantity": "quantity", "room": "room", "custodian": "custodian", "acquired_on": "accepted_on", "value": "price",
    "unit_price": "price", "warranty_until": "warranty_until", "warranty_months": "warranty_until", "grant": "shares",
    "funding": "shares", "eu": "shares", "eu_share": "shares",
}  # fmt: skip


def change_names(layout: ListLayout, columns: Collection[str]) -> frozenset[str]:
    """The changes that these columns of a list make, as the report calls them. A column goes by its title in the file,
    by what is read of it, or by the change. Raises Invalid("import.changes_nothing").
    """
    titles: dict[str, str] = {}
    names: dict[str, str] = {}
    for part in layout.parts if layout.kind == "assets" else ():
        for field, title in part.header.titles.items():
            change = field if field.startswith(PREFIX) else CHANGES.get(field)
            if change:
                titles[title] = change
                names |= {fold(word): change for word in (title, field, change)}
    for column in columns:
        if fold(column) not in names:
            raise Invalid("import.changes_nothing", column=column[:200], columns=", ".join(titles) or "–")
    return frozenset(names[fold(column)] for column in columns)
