"""An inventory number is given once, however it is written: its key is unique.

Numbers that were there twice in two ways of writing stay. The first of them has the key; the other has none until it
is corrected.
"""

from collections.abc import Sequence
from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from registry.core.columns import AddColumn

LOT = 5000
UPDATE = {
    "sqlite": "UPDATE asset SET number_key = ? WHERE id = ?",
    "postgres": "UPDATE asset SET number_key = $1 WHERE id = $2",
}


async def forward(apps: Any, editor: Any) -> None:
    client = editor.client
    _, rows = await client.execute_query(
        "SELECT id, inventory_no FROM asset WHERE inventory_no IS NOT NULL ORDER BY id"
    )
    pairs = keys_of([(row["id"], row["inventory_no"]) for row in rows])
    for first in range(0, len(pairs), LOT):
        await client.execute_many(UPDATE[client.capabilities.dialect], pairs[first : first + LOT])


def keys_of(numbers: Sequence[tuple[int, str]]) -> list[tuple[str, int]]:
    """Each key once, with the first asset that has it."""
    firsts: dict[str, int] = {}
    for asset_id, number in numbers:
        firsts.setdefault("".join(number.split()).casefold(), asset_id)
    return [(key, asset_id) for key, asset_id in firsts.items() if key]


async def backward(apps: Any, editor: Any) -> None:
    """The column goes, and all that is in it."""


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_asset_words")]
    operations = [
        AddColumn(
            model_name="Asset",
            name="number_key",
            field=fields.CharField(null=True, description="the number as compared, in rules.py", max_length=180),
        ),
        ops.RunPython(forward, backward),
        ops.AddConstraint(model_name="Asset", constraint=UniqueConstraint(fields=("number_key",), name=None)),
    ]
