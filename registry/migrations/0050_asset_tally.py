"""How many assets are in each pair of states, what they cost and how many pieces they stand for is counted along: the
list says it above every page, and would go through all of them after each change.

SQLite has one writer, so a row of each pair is enough. On PostgreSQL writers would wait for one another at such a row:
each statement adds what it changed, and whoever makes the rows many sums up those that nobody else holds.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

_PLUS = """INSERT INTO asset_tally (lifecycle, condition, many, grosze, pieces)
    VALUES (NEW.lifecycle, NEW.condition, 1, CAST(ROUND(NEW.price * 100) AS INTEGER), NEW.quantity)
    ON CONFLICT (lifecycle, condition) DO UPDATE
    SET many = many + 1, grosze = grosze + excluded.grosze, pieces = pieces + excluded.pieces;"""
_MINUS = """UPDATE asset_tally
    SET many = many - 1, grosze = grosze - CAST(ROUND(OLD.price * 100) AS INTEGER), pieces = pieces - OLD.quantity
    WHERE lifecycle = OLD.lifecycle AND condition = OLD.condition;"""
_DIFFERS = " OR ".join(f"OLD.{name} <> NEW.{name}" for name in ("lifecycle", "condition", "price", "quantity"))

SQLITE = [
    """CREATE TABLE asset_tally (lifecycle TEXT NOT NULL, condition TEXT NOT NULL, many INTEGER NOT NULL,
        grosze INTEGER NOT NULL, pieces INTEGER NOT NULL, PRIMARY KEY (lifecycle, condition)) WITHOUT ROWID""",
    """INSERT INTO asset_tally SELECT lifecycle, condition, count(*),
        SUM(CAST(ROUND(price * 100) AS INTEGER)), SUM(quantity) FROM asset GROUP BY lifecycle, condition""",
    f"CREATE TRIGGER asset_tally_insert AFTER INSERT ON asset BEGIN {_PLUS} END",
    f"CREATE TRIGGER asset_tally_delete AFTER DELETE ON asset BEGIN {_MINUS} END",
    f"""CREATE TRIGGER asset_tally_update AFTER UPDATE OF lifecycle, condition, price, quantity ON asset
        WHEN {_DIFFERS} BEGIN {_MINUS} {_PLUS} END""",
]

_ADD = "INSERT INTO asset_tally (lifecycle, condition, many, grosze, pieces) SELECT lifecycle, condition"
_FUNCTION = """CREATE FUNCTION asset_tallied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        {add}, count(*), sum(price) * 100, sum(quantity) FROM new_rows GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        {add}, -count(*), -sum(price) * 100, -sum(quantity) FROM old_rows GROUP BY 1, 2;
    ELSE
        {add}, sum(many), sum(grosze), sum(pieces) FROM (
            SELECT lifecycle, condition, 1 AS many, price * 100 AS grosze, quantity AS pieces FROM new_rows
            UNION ALL SELECT lifecycle, condition, -1, price * -100, -quantity FROM old_rows
        ) AS change GROUP BY 1, 2 HAVING sum(many) <> 0 OR sum(grosze) <> 0 OR sum(pieces) <> 0;
    END IF;
    IF EXISTS (SELECT 1 FROM asset_tally OFFSET 200) THEN
        WITH idle AS (SELECT id FROM asset_tally LIMIT 1000 FOR UPDATE SKIP LOCKED),
        former AS (DELETE FROM asset_tally USING idle WHERE asset_tally.id = idle.id RETURNING asset_tally.*)
        {add}, sum(many), sum(grosze), sum(pieces) FROM former GROUP BY 1, 2;
    END IF;
    RETURN NULL;
END $$""".replace("{add}", _ADD)
_TRIGGER = """CREATE TRIGGER asset_tally_{event} AFTER {event} ON asset REFERENCING {rows}
    FOR EACH STATEMENT EXECUTE FUNCTION asset_tallied()"""
_NEW, _OLD = "NEW TABLE AS new_rows", "OLD TABLE AS old_rows"

POSTGRES = [
    """CREATE TABLE asset_tally (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lifecycle TEXT NOT NULL,
        condition TEXT NOT NULL, many BIGINT NOT NULL, grosze BIGINT NOT NULL, pieces BIGINT NOT NULL)""",
    " ".join([_ADD + ",", "count(*), sum(price) * 100, sum(quantity) FROM asset GROUP BY 1, 2"]),
    _FUNCTION,
    *(
        _TRIGGER.format(event=event, rows=rows)
        for event, rows in (("insert", _NEW), ("delete", _OLD), ("update", f"{_NEW} {_OLD}"))
    ),
]
_DROP = "DROP TRIGGER asset_tally_{event}"
EVENTS = ("insert", "delete", "update")
UNDO = {
    "postgres": [
        *(f"{_DROP.format(event=event)} ON asset" for event in EVENTS),
        "DROP FUNCTION asset_tallied",
        "DROP TABLE asset_tally",
    ],
    "sqlite": [*(_DROP.format(event=event) for event in EVENTS), "DROP TABLE asset_tally"],
}


async def forward(apps: Any, editor: Any) -> None:
    # execute_query takes one whole statement; the editor's own runner splits a trigger at its semicolons
    for statement in POSTGRES if editor.client.capabilities.dialect == "postgres" else SQLITE:
        await editor.client.execute_query(statement)


async def backward(apps: Any, editor: Any) -> None:
    for statement in UNDO[editor.client.capabilities.dialect]:
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [("registry", "0049_file_revisions")]
    operations = [ops.RunPython(forward, backward)]
