"""From empty to today on both databases, from the same files, and never past what this Izba knows."""

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.recorder import MigrationRecorder

import registry.migrations
from config.database import database, migrate, orm, pending
from config.migrating import PatientExecutor
from registry.assets import actions
from registry.assets.actions import NewAsset
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset
from registry.assets.queries import search
from registry.assets.transitions import Answers
from registry.bookings.models import Booking
from registry.core import history
from registry.core.errors import Conflict, Unavailable
from registry.core.history import SYSTEM, Actor
from registry.core.idempotency import IdempotencyKey, RequestKey, act_once, record
from registry.core.transaction import transaction
from registry.documents.models import Document, DocumentParty, DocumentSignature
from registry.faults.asset_transitions import perform
from registry.faults.models import Fault, FaultEntry
from registry.rooms.models import Room
from tests.conftest import MIGRATE, ROOT, Database, postgres_copy, sqlite_copy
from tests.make import HOUR, NOW, make_asset, make_booking, make_person, make_room
from tests.servers import Postgres

NAMES = sorted(path.stem for path in Path(registry.migrations.__path__[0]).glob("0*.py"))


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that holds nothing at all."""
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path / 'empty.sqlite3'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"empty_{abs(hash(request.node.nodeid))}"
    server.sql(f"CREATE DATABASE {name}")
    yield server.url(name)
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, dialect: str) -> Iterator[str]:
    """A migrated database of this test alone: what happens to its tables happens to no other."""
    if dialect == "sqlite":
        with sqlite_copy(request.getfixturevalue("sqlite_template")) as url:
            yield url
    else:
        with postgres_copy(request.getfixturevalue("postgres"), "izba_template") as url:
            yield url


async def test_the_models_ask_for_no_migration_that_is_not_written() -> None:
    url = "sqlite://:memory:"
    async with database(url) as context:
        assert context.apps is not None
        operations = await MigrationAutodetector(context.apps, orm(url)["apps"]).changes()
    assert [writer.as_string() for writer in operations] == [], "run: make migrations NAME=what_it_does"


async def test_up_from_empty_and_again_nothing(empty_url: str) -> None:
    async with database(empty_url) as context:
        assert await pending(context) == NAMES
        assert await migrate(context, empty_url) == NAMES
        assert await pending(context) == []
        assert await migrate(context, empty_url) == []


async def test_classes_that_are_made_when_they_are_asked_for_make_the_same_tables(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """As the library makes them, that copies every model before each operation."""
    url = f"sqlite://{tmp_path / 'library.sqlite3'}"
    async with database(url) as context:
        await MigrationExecutor(context.db("default"), orm(url)["apps"]).migrate(direction="forward")
    schemas = []
    for path in (tmp_path / "library.sqlite3", sqlite_template):
        with closing(sqlite3.connect(path)) as file:
            schemas.append(set(file.execute("SELECT type, name, sql FROM sqlite_master")))
    assert schemas[0] == schemas[1]


async def test_who_dies_in_the_middle_leaves_nothing_half_done(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables without the note that they are there stopped every later start."""

    async def die(*_: object) -> None:
        raise SystemExit

    async with database(empty_url) as context:
        for moment in (NAMES[len(NAMES) // 2], NAMES[-1]):  # all before it is taken back with it
            with monkeypatch.context() as patch, pytest.raises(SystemExit):
                patch.setattr(
                    MigrationRecorder, "record_applied", _until(moment, MigrationRecorder.record_applied, die)
                )
                await migrate(context, empty_url)
            assert await pending(context) == NAMES
        assert await migrate(context, empty_url) == NAMES
        assert await pending(context) == []


def _until(moment: str, real: Any, die: Any) -> Any:
    async def record(self: MigrationRecorder, app: str, name: str) -> None:
        await (die() if name == moment else real(self, app, name))

    return record


async def make_old_booking(database: Database, room: Room, starts_at: datetime, status: str = "confirmed") -> UUID:
    """An hour with the columns that a booking had at first."""
    booking_id, since, until = uuid4(), starts_at.isoformat(" "), (starts_at + HOUR).isoformat(" ")
    values = f"""'{booking_id}', {room.id}, '', 'meeting', '[]', '{status}', 'api', '{since}', '{until}', '{since}',
        '{until}', '{until}', FALSE, '{since}', '', '', 1"""
    await database.context.db("default").execute_query(
        f"""INSERT INTO booking (id, room_id, title, kind, needs, status, source, starts_at, ends_at, blocked_from,
            blocked_to, planned_ends_at, protected, created_at, checked_in_by, release_reason, revision)
            VALUES ({values})"""
    )
    return booking_id


async def test_the_overlap_rule_can_be_taken_back_and_put_on_again(database: Database) -> None:
    executor = PatientExecutor(database.context.db("default"), orm(database.url)["apps"])
    room = await make_room()
    await executor.migrate(targets=[MigrationTarget("registry", "0001_initial")], direction="backward")
    _, second = [await make_old_booking(database, room, NOW) for _ in range(2)]
    assert await Booking.all().count() == 2
    await Booking.filter(id=second).delete()
    await executor.migrate(direction="forward")
    with pytest.raises(IntegrityError, match="booking_no_overlap"):
        await make_booking(NOW, room=room)


async def test_bookings_that_overlap_before_the_rule_are_named_and_stop_it(database: Database) -> None:
    """SQLite's triggers look at what comes, not at what is there: it would take the pair over without a word."""
    executor = PatientExecutor(database.context.db("default"), orm(database.url)["apps"])
    room = await make_room(code="R-7")
    await executor.migrate(targets=[MigrationTarget("registry", "0001_initial")], direction="backward")
    pair = [await make_old_booking(database, room, NOW + half * HOUR / 2) for half in (0, 1)]
    await make_old_booking(database, room, NOW + HOUR / 2, "cancelled")
    with pytest.raises(Conflict) as refused:
        await executor.migrate(direction="forward")
    assert refused.value.code == "database.overlaps"
    assert refused.value.params["pairs"] == f"R-7: {pair[0]}, {pair[1]}"
    await Booking.filter(id=pair[0]).delete()
    await executor.migrate(direction="forward")


async def test_both_databases_have_the_same_indexes(postgres: Postgres, sqlite_template: Path) -> None:
    """An index that only one of them has is fast there alone. What is unique may be a constraint."""
    with closing(sqlite3.connect(sqlite_template)) as file:
        rows = file.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        of_sqlite = {name for (name,) in rows}
    server = await asyncpg.connect(postgres.url("izba_template"))
    try:
        rows = await server.fetch("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        of_postgres = {row["indexname"] for row in rows}
        constraints = {row["conname"] for row in await server.fetch("SELECT conname FROM pg_constraint")}
    finally:
        await server.close()
    assert "booking_holds" in of_postgres
    assert of_sqlite - of_postgres == set()
    # words are found by a table with triggers on SQLite, whose indexes end with the id by themselves
    assert of_postgres - constraints - of_sqlite == {"asset_words", "asset_by_category", "asset_by_custodian"}


async def test_the_index_of_words_takes_in_what_was_there_before(database: Database) -> None:
    executor = PatientExecutor(database.context.db("default"), orm(database.url)["apps"])
    before = await make_asset(search_text="szafa stara")
    await executor.migrate(targets=[MigrationTarget("registry", "0002_booking_no_overlap")], direction="backward")
    assert await Asset.filter(id=before.id).update(search_text="szafa gdanska") == 1
    await executor.migrate(direction="forward")
    after = await make_asset(search_text="szafa nowa")
    hits = await search(AssetFilter(q="szafa"))
    assert [item["id"] for item in hits.items] == [before.id, after.id]
    assert (await search(AssetFilter(q="stara"))).total == 0


async def test_a_number_that_was_there_in_two_ways_stays_and_is_given_to_nobody_else(database: Database) -> None:
    connection = database.context.db("default")
    executor = PatientExecutor(connection, orm(database.url)["apps"])
    assets = [await make_asset() for _ in range(3)]
    await executor.migrate(targets=[MigrationTarget("registry", "0003_asset_words")], direction="backward")
    for asset, number in zip(assets, ("INW/ 1", "Inw/1", "Łąka 2"), strict=True):
        await connection.execute_query(f"UPDATE asset SET inventory_no = '{number}' WHERE id = {asset.id}")
    await executor.migrate(direction="forward")
    rows = await Asset.all().order_by("id").values_list("inventory_no", "number_key")
    assert rows == [("INW/ 1", "inw/1"), ("Inw/1", None), ("Łąka 2", "łąka2")]
    with pytest.raises(Conflict, match="already in the register"):
        await actions.register(NewAsset("Stół", Decimal(1), "inw / 1"), SYSTEM, NOW)
    await actions.correct(assets[1].id, {"name": "Stół"}, SYSTEM, NOW)  # its number is not what is corrected
    assert (await search(AssetFilter(q="inw/1"))).total == 1


async def test_a_key_without_an_answer_is_taken_along_and_refused(database: Database) -> None:
    """It was used before answers were stored: the request did its work then, and must not do it again."""
    executor = PatientExecutor(database.context.db("default"), orm(database.url)["apps"])
    await record(RequestKey("person:1", "new", "", NOW), None)
    await executor.migrate(targets=[MigrationTarget("registry", "0005_true_events")], direction="backward")
    await database.context.db("default").execute_query(
        "INSERT INTO idempotency_key (owner, key, digest, booking_id, at)"
        f" VALUES ('person:1', 'tap-1', '', '{UUID(int=1)}', '{NOW.isoformat()}')"
    )
    await executor.migrate(direction="forward")
    with pytest.raises(Conflict, match="was used for another request"):
        await act_once(RequestKey("person:1", "tap-1", "", NOW), pytest.fail, pytest.fail)
    with pytest.raises(IntegrityError, match="idempotency"):  # its index is still there
        await record(RequestKey("person:1", "tap-1", "", NOW), None)
    assert await IdempotencyKey.all().values_list("key", "status", "at") == [("tap-1", None, NOW)]


async def test_going_back_and_forth_keeps_every_index_and_trigger(database: Database) -> None:
    """The library makes a table of SQLite anew to drop a column, and forgets them."""
    connection = database.context.db("default")
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE tbl_name <> 'booking' AND type IN ('index', 'trigger')",
        "postgres": "SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'public'",
    }[database.dialect]
    before = {row["name"] for row in await connection.execute_query_dict(query)}
    executor = PatientExecutor(connection, orm(database.url)["apps"])
    await executor.migrate(targets=[MigrationTarget("registry", "0003_asset_words")], direction="backward")
    await executor.migrate(direction="forward")
    assert {row["name"] for row in await connection.execute_query_dict(query)} == before


async def test_a_database_of_a_newer_izba_is_refused(database: Database) -> None:
    recorder = MigrationRecorder(database.context.db("default"))
    await recorder.record_applied("registry", "9999_from_the_future")
    with pytest.raises(Unavailable) as refusal:
        await migrate(database.context, database.url)
    assert refusal.value.code == "database.newer"
    assert "9999_from_the_future" in str(refusal.value)


async def test_three_that_start_at_once_migrate_once(empty_url: str) -> None:
    programs = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MIGRATE, empty_url, cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    faults = [(await program.communicate())[1].decode() for program in programs]
    assert [program.returncode for program in programs] == [0, 0, 0], faults
    async with database(empty_url) as context:
        assert await pending(context) == []


async def test_a_database_that_is_away_is_told_with_what_to_do(tmp_path: Path) -> None:
    for url in (f"sqlite://{tmp_path}/no/such/place.sqlite3", "postgres://nobody@127.0.0.1:1/none"):
        with pytest.raises(Unavailable) as refusal:
            async with database(url):
                pytest.fail("it must not open")
        assert refusal.value.code == "database.away"


async def test_whom_a_paper_names_and_who_signed_it_find_it_though_it_was_issued_before(database: Database) -> None:
    executor = PatientExecutor(database.context.db("default"), orm(database.url)["apps"])
    former, signer = await make_person(), await make_person()
    asset = await make_asset(custodian=former)
    await perform("assign", asset.id, Answers(custodian_id=signer.id), SYSTEM, NOW)
    paper = await Document.get()
    other = await make_person()
    await DocumentSignature.create(document=paper, side="taker", person=other, name="x", login="x", at=NOW)
    await DocumentSignature.create(document=paper, side="giver", person=former, name="x", login="y", at=NOW)
    await executor.migrate(targets=[MigrationTarget("registry", "0040_works")], direction="backward")
    await executor.migrate(direction="forward")
    rows = await DocumentParty.all().order_by("person_id").values_list("document_id", "person_id")
    assert [tuple(row) for row in rows] == [(paper.id, one.id) for one in (former, signer, other)]


async def test_what_was_reported_before_faults_were_records_is_one(database: Database) -> None:
    """It stood in the history of its room, on no page."""
    executor = PatientExecutor(database.context.db("default"), orm(database.url)["apps"])
    room, person = await make_room(), await make_person()
    assets = [await make_asset(room=room, condition=condition) for condition in ("faulty", "in_repair", "ok")]
    await executor.migrate(targets=[MigrationTarget("registry", "0007_passage_counters")], direction="backward")
    someone, door = Actor(person.name, "web", person.id), Actor("R-door", "panel")
    reports: list[tuple[str, Actor, dict[str, Any] | None, str]] = [
        (f"room:{room.id}", someone, {"kind": ""}, "Cieknie kaloryfer"),
        (f"room:{room.id}", door, {"kind": "light"}, "light"),
        (f"room:{room.id}", door, {"kind": "light"}, "light"),
        *((f"asset:{asset.id}", someone, None, "dymi") for asset in assets),
    ]
    async with transaction():
        for thing, actor, after, reason in reports:
            await history.write(thing, "fault_reported", actor, NOW, after=after, reason=reason)
    await executor.migrate(direction="forward")
    rows = await Fault.all().order_by("id").values_list("asset_id", "kind", "text", "state", "reports")
    assert [tuple(row) for row in rows] == [
        (None, "", "Cieknie kaloryfer", "open", 1),
        (None, "light", "", "open", 2),
        (assets[0].id, "", "dymi", "open", 1),
        (assets[1].id, "", "dymi", "taken", 1),
    ]
    assert [fault.opened_at for fault in await Fault.all()] == [NOW] * 4
    assert await FaultEntry.filter(person_id=person.id).count() == 3
