"""What nobody does and somebody must hear of."""

from datetime import timedelta
from pathlib import Path

import pytest

from config.sending.reminders import remind_of_days, remind_of_devices, remind_of_rooms
from config.settings import Settings
from registry.outbox.models import Notice
from tests.conftest import Database
from tests.make import NOW, make_person
from web.system.last_backup import LastBackup, note
from web.system.nights import LastNight, note_night

DAY = timedelta(days=1)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("age", "is_damaged", "is_told"), [(None, False, True), (8, False, True), (1, True, True), (1, False, False)]
)
async def test_who_runs_izba_hears_once_a_day_that_there_is_no_fresh_backup(
    database: Database, tmp_path: Path, age: int | None, is_damaged: bool, is_told: bool
) -> None:
    admin = await make_person(role="admin", created_at=NOW - 30 * DAY)
    await make_person(role="facilities")
    if age is not None:
        note(tmp_path, LastBackup(NOW - age * DAY, is_damaged))
    for _ in range(2):
        await remind_of_days(lambda: Settings(data_dir=tmp_path))(NOW)
    assert [(one.kind, one.person_id) for one in await Notice.all()] == [("backup.old", admin.id)] * is_told
    if age == 8:
        assert (await Notice.get()).facts == {"made_on": "2026-11-18"}


@pytest.mark.databases("sqlite")
async def test_a_new_office_has_a_week_for_its_first_backup(database: Database, tmp_path: Path) -> None:
    remind = remind_of_days(lambda: Settings(data_dir=tmp_path))
    await remind(NOW)
    await make_person(role="admin", created_at=NOW)
    await remind(NOW + 6 * DAY)
    assert await Notice.all().count() == 0
    await remind(NOW + 8 * DAY)
    assert await Notice.all().count() == 1


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("days", [2, 30])
async def test_a_night_without_its_backup_is_told_though_there_is_a_fresh_one(
    database: Database, tmp_path: Path, days: int
) -> None:
    """NOW is ten in the morning; it is told in the first week too."""
    await make_person(role="admin", created_at=NOW - days * DAY)
    note(tmp_path, LastBackup(NOW - DAY, False))
    note_night(tmp_path, LastNight(NOW.date(), folder=str(tmp_path), made_at=NOW))
    settings = Settings(data_dir=tmp_path, backup_dir=str(tmp_path))
    await remind_of_days(lambda: settings)(NOW)
    before = LastNight(NOW.date() - DAY, "file.not_written", NOW, folder=str(tmp_path), made_at=NOW - DAY)
    note_night(tmp_path, before)
    await remind_of_days(lambda: Settings(data_dir=tmp_path))(NOW)
    assert await Notice.all().count() == 0, "made, or not to be made by itself any more"
    for _ in range(2):
        await remind_of_days(lambda: settings)(NOW)
    assert [one.kind for one in await Notice.all()] == ["backup.old"]


async def test_rooms_and_devices_of_an_empty_office_need_nothing(database: Database) -> None:
    await remind_of_rooms(NOW)
    await remind_of_devices(NOW)
    assert await Notice.all().count() == 0
