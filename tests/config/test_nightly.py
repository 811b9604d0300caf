"""The backup that is made each night by itself: one, whole, and told of when it is not there."""

import asyncio
import os
import shutil
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from config import nightly
from config.command_process import CommandEnd
from config.jobs import JobRuns, calmly, timetable
from config.nightly import back_up_nightly
from config.office import OfficeSettings
from config.settings import KEY_FILE, Settings
from tests.conftest import Database
from tests.make import refused
from web.system.last_backup import last_backup
from web.system.nights import LastNight, is_missed, last_night, note_night

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)
NIGHT = datetime(2026, 11, 30, 1, tzinfo=UTC)  # two in the morning in Warsaw
GOOD = CommandEnd(True, "")


def night(day: object, mark: str = "b963260c") -> str:
    return f"night-{day}-{mark}.backup"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("data", "nights"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / KEY_FILE).write_text("k" * 64)
    return Settings(data_dir=tmp_path / "data", backup_dir=str(tmp_path / "nights"), backup_count=3)


class Command:
    """In the place of the process that makes a copy: ends as it is told to, and counts."""

    def __init__(self) -> None:
        self.count, self.end, self.is_endless = 0, GOOD, False

    async def __call__(self, data_dir: Path, word: str, path: str, language: str) -> CommandEnd:
        self.count += 1
        Path(path).write_bytes(b"half of it")
        if self.is_endless:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return self.end


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    async def warsaw() -> ZoneInfo:
        return ZoneInfo("Europe/Warsaw")

    command = Command()
    monkeypatch.setattr(nightly, "run_command", command)
    monkeypatch.setattr(nightly, "office_zone", warsaw)
    return command


def files_of(settings: Settings) -> list[str]:
    return sorted(os.listdir(settings.backup_dir))


async def test_a_whole_backup_is_made_at_its_hour_and_none_besides(
    database: Database, database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IZBA_DATABASE_URL", database_url)
    ours = settings.model_copy(update={"database_url": SecretStr(database_url)})
    note_night(settings.data_dir, LastNight(date(2026, 11, 29), folder=ours.backup_dir, made_at=NIGHT - 24 * HOUR))
    job = back_up_nightly(lambda: ours, lambda: True)
    await job(NIGHT - timedelta(minutes=1))
    assert files_of(settings) == []
    await job(NIGHT)
    (file,) = Path(settings.backup_dir).iterdir()
    inode = file.stat().st_ino
    assert (file.name, file.stat().st_mode & 0o777) == (night("2026-11-30"), 0o600)
    assert file.read_bytes().startswith(b"SQLite format 3" if database_url.startswith("sqlite") else b"PGDMP")
    backup = last_backup(settings.data_dir)
    assert backup
    assert not backup.is_damaged
    await job(NIGHT + HOUR)
    assert (files_of(settings), file.stat().st_ino) == ([file.name], inode)


@pytest.mark.parametrize("midnight", [datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2027, 3, 27, 23, tzinfo=UTC)])
async def test_the_night_of_a_change_of_the_clocks_has_one(
    settings: Settings, command: Command, midnight: datetime
) -> None:
    day = midnight.astimezone(ZoneInfo("Europe/Warsaw")).date()
    before = LastNight(day - timedelta(days=1), folder=settings.backup_dir, made_at=midnight - 12 * HOUR)
    note_night(settings.data_dir, before)
    for hour in range(20):
        await back_up_nightly(lambda: settings, lambda: True)(midnight + hour * HOUR)
    assert (command.count, files_of(settings)) == (1, [night(day)])


async def test_a_restart_at_that_hour_makes_no_second_and_no_half_one(settings: Settings, command: Command) -> None:
    command.is_endless = True
    stopped = asyncio.create_task(calmly(back_up_nightly(lambda: settings, lambda: True), lambda: NIGHT)())
    async with asyncio.timeout(30):
        while not command.count:  # until it is at work
            await asyncio.sleep(0.01)
    stopped.cancel()
    await asyncio.gather(stopped, return_exceptions=True)
    assert files_of(settings) == [], "what was cut off is no backup"
    command.is_endless = False
    for minutes in (1, 2, 60):
        await back_up_nightly(lambda: settings, lambda: True)(NIGHT + timedelta(minutes=minutes))
    (settings.data_dir / "last-night.json").unlink()
    await back_up_nightly(lambda: settings, lambda: True)(NIGHT + 2 * HOUR)
    assert (command.count, files_of(settings)) == (2, [night("2026-11-30")])


async def test_of_two_processes_the_one_that_leads_makes_it(settings: Settings, command: Command) -> None:
    leaders = [True, False]
    one, two = (back_up_nightly(lambda: settings, lambda number=number: leaders[number]) for number in (0, 1))
    await asyncio.gather(one(NIGHT), two(NIGHT))
    assert command.count == 1
    leaders.reverse()  # the other takes over in the same night
    await asyncio.gather(one(NIGHT + HOUR), two(NIGHT + HOUR))
    assert (command.count, files_of(settings)) == (1, [night("2026-11-30")])


async def test_one_that_fails_is_told_removes_nothing_and_is_tried_again(settings: Settings, command: Command) -> None:
    former = [night(f"2026-11-{day}") for day in (25, 26, 27, 28)]
    for name in former:
        (Path(settings.backup_dir) / name).touch()
    before = LastNight(date(2026, 11, 29), folder=settings.backup_dir, made_at=NIGHT - 24 * HOUR, since=NIGHT)
    note_night(settings.data_dir, before)
    command.end, runs, times = CommandEnd(False, "pg_dump is not installed."), JobRuns(), [NIGHT]
    run = calmly(back_up_nightly(lambda: settings, lambda: True), lambda: times[-1], runs, "back up")
    await run()
    assert runs["back up"].fault.endswith("not made: pg_dump is not installed. It is tried again each hour.")
    last = last_night(settings.data_dir)
    assert last
    assert (last.night, last.fault_at) == (date(2026, 11, 29), NIGHT)
    assert (last.fault, last.params) == ("backup.night_failed", {"reason": "pg_dump is not installed."})
    assert files_of(settings) == former
    command.end = GOOD
    times.append(NIGHT + HOUR)
    await run()
    assert (runs["back up"].fault, last_night(settings.data_dir)) == (
        "", LastNight(date(2026, 11, 30), folder=settings.backup_dir, made_at=NIGHT + HOUR, since=NIGHT),
    )  # fmt: skip
    assert files_of(settings) == [night(f"2026-11-{day}") for day in (27, 28, 30)]


async def test_a_directory_that_is_away_is_told_and_not_made(settings: Settings, command: Command) -> None:
    Path(settings.backup_dir).rmdir()
    refusal = await refused(back_up_nightly(lambda: settings, lambda: True)(NIGHT))
    assert (refusal.code, refusal.params["path"]) == ("file.not_written", settings.backup_dir)
    assert not Path(settings.backup_dir).exists()
    last = last_night(settings.data_dir)
    assert last
    assert (last.fault, last.params["path"]) == ("file.not_written", settings.backup_dir)
    job = back_up_nightly(lambda: settings, lambda: True)
    shutil.rmtree(settings.data_dir)
    assert (await refused(job(NIGHT))).code == "file.not_written"


async def test_one_that_hangs_is_ended_and_told(
    settings: Settings, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "LONGEST", timedelta(microseconds=1))
    command.is_endless = True
    refusal = await asyncio.wait_for(refused(back_up_nightly(lambda: settings, lambda: True)(NIGHT)), 30)
    assert refusal.code == "backup.night_failed"
    last = last_night(settings.data_dir)
    assert last
    assert (last.night, str(last.refusal)) == (None, str(refusal))
    assert "It took longer than 0 hours." in str(refusal)


async def test_two_izbas_with_one_directory_make_one_each_and_leave_the_others(
    settings: Settings, command: Command, tmp_path: Path
) -> None:
    other = settings.model_copy(update={"data_dir": tmp_path / "other", "backup_count": 1})
    ours, theirs = (back_up_nightly(lambda one=one: one, lambda: True) for one in (settings, other))
    for days in range(2):
        for job in (ours, theirs):
            await job(NIGHT + timedelta(days=days))
    assert command.count == 4
    names = files_of(settings)
    assert [name for name in names if "b963260c" in name] == [night("2026-11-30"), night("2026-12-01")]
    assert len(names) == 3


async def test_what_was_made_by_hand_stays_and_what_a_killed_process_left_goes(
    settings: Settings, command: Command
) -> None:
    folder = Path(settings.backup_dir)
    others = ["izba-2020-01-01", "izba-20200101-000000.backup", "night-2020-01-01.backup.gz", "night-before.backup",
              "night-2020-01-01-00000000.backup"]  # fmt: skip
    for name in (*others, *(night(f"2030-11-{day}") for day in (25, 26, 27))):
        (folder / name).touch()
    for name, age in ((".night-long-ago", 30), (".night-at-work", 1)):
        (folder / name).mkdir()
        (folder / name / "half").touch()
        os.utime(folder / name, times=((NIGHT - age * HOUR).timestamp(),) * 2)
    await back_up_nightly(lambda: settings, lambda: True)(NIGHT)
    nights = [night("2026-11-30"), night("2030-11-26"), night("2030-11-27")]
    assert files_of(settings) == sorted([".night-at-work", *others, *nights]), "nor the one that was just made"


async def test_it_follows_the_directory_and_makes_none_without_one(settings: Settings, command: Command) -> None:
    assert timetable(OfficeSettings(settings)).get_job("back up")
    ours = settings.model_copy(update={"backup_dir": ""})
    job = back_up_nightly(lambda: ours, lambda: True)
    await job(NIGHT)
    assert last_night(settings.data_dir) is None
    ours = settings
    await job(NIGHT)
    assert files_of(settings)


async def test_another_hour_costs_no_night_and_another_directory_has_one_at_once(
    settings: Settings, command: Command, tmp_path: Path
) -> None:
    ours, counts = settings, []
    job = back_up_nightly(lambda: ours, lambda: True)
    await job(NIGHT)
    ours = settings.model_copy(update={"backup_hour": 23})
    for hours in (8, 20, 21, 22, 44, 45):  # at ten, and at ten and eleven in the evening
        await job(NIGHT + hours * HOUR)
        counts.append(command.count)
    assert counts == [1, 1, 2, 2, 2, 3]
    assert files_of(settings) == [night("2026-11-30"), night("2026-12-01")]
    (tmp_path / "others").mkdir()
    ours = ours.model_copy(update={"backup_dir": str(tmp_path / "others")})
    for hours in (46, 47):
        await job(NIGHT + hours * HOUR)
    assert (command.count, files_of(ours)) == (4, [night("2026-12-01")])


async def test_the_time_without_a_directory_counts_as_no_missed_night(settings: Settings, command: Command) -> None:
    ours = settings
    job = back_up_nightly(lambda: ours, lambda: True)
    await job(NIGHT)
    ours = settings.model_copy(update={"backup_dir": ""})
    await job(NIGHT + HOUR)
    later = NIGHT + timedelta(days=30)
    last = last_night(settings.data_dir)
    assert last
    assert not is_missed(last, settings.backup_dir, later, 2), "it is due within the hour"
    ours = settings
    await job(later)
    assert last_night(settings.data_dir) == LastNight(
        date(2026, 12, 30), folder=settings.backup_dir, made_at=later, since=later
    )


async def test_a_disk_that_hangs_holds_one_thread_and_no_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = threading.Event()
    monkeypatch.setattr(nightly, "_write_nothing", lambda folder: disk.wait())
    trial = asyncio.create_task(nightly.try_folder(settings))
    await asyncio.sleep(0)  # it has begun
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    (thread,) = (one for one in threading.enumerate() if one.name == "backup disk")
    assert thread.daemon, "a process that ends does not wait for it"
    for _ in range(2):
        assert "it took too long" in str(await refused(nightly.try_folder(settings)))
    assert [one for one in threading.enumerate() if one.name == "backup disk"] == [thread]
    disk.set()
    thread.join()
    await nightly.try_folder(settings)
