"""Substring search by index: trigrams of an asset's search text, kept by triggers on SQLite.

``asset_revision`` counts the changes of assets in the transactions that make them: what was read at one revision is
good until the next. PostgreSQL keeps its index itself and has no such row, for which its writers would wait.
"""

from typing import Any

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

POSTGRES = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX asset_words ON asset USING gin (search_text gin_trgm_ops)",
]

_CHANGED = "UPDATE asset_revision SET revision = revision + 1;"
_ADD = "INSERT INTO asset_words (rowid, search_text) VALUES (NEW.id, NEW.search_text);"
# the index finds the words to forget by the text that it was given
_REMOVE = "INSERT INTO asset_words (asset_words, rowid, search_text) VALUES ('delete', OLD.id, OLD.search_text);"

SQLITE = [
    "CREATE VIRTUAL TABLE asset_words USING fts5"
    "(search_text, content = 'asset', content_rowid = 'id', tokenize = 'trigram')",
    "INSERT INTO asset_words (asset_words) VALUES ('rebuild')",
    "CREATE TABLE asset_revision (revision INTEGER NOT NULL)",
    "INSERT INTO asset_revision VALUES (1)",
    f"CREATE TRIGGER asset_words_insert AFTER INSERT ON asset BEGIN {_ADD} {_CHANGED} END",
    f"CREATE TRIGGER asset_words_delete AFTER DELETE ON asset BEGIN {_REMOVE} {_CHANGED} END",
    f"""CREATE TRIGGER asset_words_update AFTER UPDATE OF id, search_text ON asset
        WHEN OLD.id <> NEW.id OR OLD.search_text <> NEW.search_text BEGIN {_REMOVE} {_ADD} END""",
    f"CREATE TRIGGER asset_revision_update AFTER UPDATE ON asset BEGIN {_CHANGED} END",
]

UNDO = {
    "postgres": ["DROP INDEX asset_words"],
    "sqlite": [
        "DROP TRIGGER asset_words_insert",
        "DROP TRIGGER asset_words_delete",
        "DROP TRIGGER asset_words_update",
        "DROP TRIGGER asset_revision_update",
        "DROP TABLE asset_revision",
        "DROP TABLE asset_words",
    ],
}


async def forward(apps: Any, editor: Any) -> None:
    dialect = editor.client.capabilities.dialect
    # execute_query takes one whole statement; the editor's own runner splits a trigger at its semicolons
    for statement in POSTGRES if dialect == "postgres" else SQLITE:
        await editor.client.execute_query(statement)


async def backward(apps: Any, editor: Any) -> None:
    for statement in UNDO[editor.client.capabilities.dialect]:
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_booking_no_overlap")]
    operations = [
        # the counts and the choices above the list of assets then come from an index alone
        ops.RemoveIndex(model_name="Asset", name=None, fields=["lifecycle"]),
        ops.AddIndex(model_name="Asset", index=Index(fields=["lifecycle", "condition"])),
        ops.AddIndex(model_name="Asset", index=Index(fields=["category"])),
        ops.RunPython(forward, backward),
    ]
