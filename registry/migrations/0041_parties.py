"""Whom a document is about finds it, and a wish to let a durable piece go can be taken back."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField

_NAMED = """INSERT INTO document_party (document_id, person_id)
SELECT DISTINCT document_id, person_id FROM (
    SELECT document.id AS document_id, CAST(party.value AS int) AS person_id FROM document, {parties} AS party{value}
    UNION SELECT document_id, person_id FROM document_signature
) AS named WHERE person_id IN (SELECT id FROM person)"""


async def fill(_apps: Any, editor: Any) -> None:
    """Whom the papers that are there name, and who signed them."""
    if editor.client.capabilities.dialect == "postgres":
        query = _NAMED.format(parties="jsonb_array_elements_text(document.contents->'parties')", value="(value)")
    else:
        query = _NAMED.format(parties="json_each(document.contents, '$.parties')", value="")
    await editor.client.execute_query(query)


async def nothing(_apps: Any, _editor: Any) -> None:
    """The table goes with what is in it."""


class Migration(migrations.Migration):
    dependencies = [("registry", "0040_works")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DocumentParty",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "document",
                    fields.ForeignKeyField(
                        "registry.Document",
                        source_field="document_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="parties",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="documents_about",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "document_party",
                "app": "registry",
                "unique_together": (("document_id", "person_id"),),
                "indexes": [Index(fields=["person_id", "document_id"])],
                "pk_attr": "id",
                "table_description": "Somebody who had the pieces of a document, has them by it or signed it: "
                "they find it and read it.",
            },
            bases=["Model"],
        ),
        ops.RunPython(fill, nothing),
        AddColumn(
            model_name="DurabilityOverride",
            name="closed_at",
            field=UTCDatetimeField(
                null=True, description="when the wish was taken back", auto_now=False, auto_now_add=False
            ),
        ),
    ]
