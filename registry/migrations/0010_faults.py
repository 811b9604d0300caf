"""Faults as records. What was reported before, and stood in the history alone, is a fault now: of a room each, of a
thing that does not work yet the last.

And an index of serial numbers as numbers are compared, without spaces and in any case: a scan looks for exactly one.
"""

from typing import Any

import orjson
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField
from registry.core.statements import numbered
from registry.faults.models import FaultAct, FaultState
from registry.faults.rules import FEATURES, KINDS

_OF_ROOMS = """SELECT room.id AS room_id, NULL AS asset_id, 'open' AS state, entry.at, entry.actor, entry.source,
    entry.after, entry.reason, person.id AS person_id
FROM history_entry entry
JOIN room ON entry.object = 'room:' || CAST(room.id AS VARCHAR(20))
LEFT JOIN person ON person.id = entry.person_id
WHERE entry.action = 'fault_reported' ORDER BY entry.id"""
_OF_ASSETS = """SELECT asset.room_id, asset.id AS asset_id,
    CASE WHEN asset.condition = 'faulty' THEN 'open' ELSE 'taken' END AS state, entry.at, entry.actor, entry.source,
    entry.after, entry.reason, person.id AS person_id
FROM (
    SELECT max(id) AS id FROM history_entry WHERE action = 'fault_reported' AND object LIKE 'asset:%' GROUP BY object
) AS newest
JOIN history_entry entry ON entry.id = newest.id
JOIN asset ON entry.object = 'asset:' || CAST(asset.id AS VARCHAR(20))
LEFT JOIN person ON person.id = entry.person_id
WHERE asset.condition IN ('faulty', 'in_repair') ORDER BY entry.id"""
_FAULT = """INSERT INTO fault (room_id, asset_id, kind, text, state, reports, opened_at, changed_at, revision)
VALUES (?, ?, ?, ?, ?, 1, ?, ?, 1) RETURNING id"""
_ENTRY = """INSERT INTO fault_entry (fault_id, act, person_id, actor, source, text, at)
VALUES (?, 'report', ?, ?, ?, ?, ?)"""
_JOIN = "UPDATE fault SET reports = reports + 1, changed_at = ? WHERE id = ?"
_SERIALS = "CREATE INDEX asset_serial ON asset (lower(replace(serial_no, ' ', '')))"
_KIND_OF = {feature: kind for kind, feature in FEATURES.items()}


async def forward(apps: Any, editor: Any) -> None:
    client = editor.client
    await client.execute_query(_SERIALS)
    mark = numbered if client.capabilities.dialect == "postgres" else str
    faults: dict[tuple[Any, ...], int] = {}
    for query in (_OF_ROOMS, _OF_ASSETS):
        for row in await client.execute_query_dict(query):
            kind, text = words_of(row)
            key = (row["room_id"], row["asset_id"], kind, "" if kind else text.casefold())
            if key in faults:
                await client.execute_query(mark(_JOIN), [row["at"], faults[key]])
            else:
                values = [row["room_id"], row["asset_id"], kind, text, row["state"], row["at"], row["at"]]
                (made,) = await client.execute_query_dict(mark(_FAULT), values)
                faults[key] = made["id"]
            entry = [faults[key], row["person_id"], row["actor"], row["source"], text, row["at"]]
            await client.execute_query(mark(_ENTRY), entry)


def words_of(row: dict[str, Any]) -> tuple[str, str]:
    """The kind and the text of a report in the history. A door wrote its kind in place of a text."""
    after = orjson.loads(row["after"]) if isinstance(row["after"], str) else row["after"]
    given = str((after or {}).get("kind") or (row["reason"] if row["source"] == "panel" else ""))
    kind = _KIND_OF.get(given, given)
    return (kind if kind in KINDS else "", "" if row["source"] == "panel" else row["reason"])


async def backward(apps: Any, editor: Any) -> None:
    """The tables go, and all that is in them."""
    await editor.client.execute_query("DROP INDEX asset_serial")


class Migration(migrations.Migration):
    dependencies = [("registry", "0009_doors")]
    operations = [
        ops.CreateModel(
            name="Fault",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "room",
                    fields.ForeignKeyField(
                        "registry.Room",
                        source_field="room_id",
                        null=True,
                        description="where it was reported, the room's class decides who may read it",
                        db_constraint=True,
                        to_field="id",
                        related_name="faults",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "asset",
                    fields.ForeignKeyField(
                        "registry.Asset",
                        source_field="asset_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="faults",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharField(default="", description="registry/faults/rules.py KINDS, or empty", max_length=20),
                ),
                ("text", fields.TextField(default="", description="what the first report said", unique=False)),
                (
                    "state",
                    fields.CharEnumField(
                        default=FaultState.OPEN,
                        description="OPEN: open\nTAKEN: taken\nRESOLVED: resolved",
                        enum_type=FaultState,
                        max_length=20,
                    ),
                ),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="owner_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="faults",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("reports", fields.IntField(default=1)),
                ("opened_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("resolved_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "fault",
                "app": "registry",
                "indexes": [
                    Index(fields=["state", "id"]),
                    Index(fields=["room_id", "state"]),
                    Index(fields=["asset_id", "state"]),
                    Index(fields=["owner_id", "state"]),
                ],
                "pk_attr": "id",
                "table_description": "Something that somebody says is broken, in a room or of a thing, until it is"
                " mended.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FaultEntry",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "fault",
                    fields.ForeignKeyField(
                        "registry.Fault",
                        source_field="fault_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="entries",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "act",
                    fields.CharEnumField(
                        description="REPORT: report\nTAKE: take\nRESOLVE: resolve\nREOPEN: reopen",
                        enum_type=FaultAct,
                        max_length=20,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="fault_entries",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("actor", fields.CharField(max_length=120)),
                ("source", fields.CharField(max_length=20)),
                ("text", fields.TextField(default="", unique=False)),
                ("at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "fault_entry",
                "app": "registry",
                "indexes": [Index(fields=["fault_id", "id"]), Index(fields=["person_id", "act"])],
                "pk_attr": "id",
                "table_description": "A report of a fault, or what was done about it, in the words of whoever said so.",
            },
            bases=["Model"],
        ),
        ops.RunPython(forward, backward),
    ]
