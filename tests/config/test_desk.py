"""What a running process tells of itself: settings and their origin, jobs, and work in the background."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from config.desk import BACKUPS, RunningDesk, choices_of, text_of
from config.jobs import ABOUT, JobRuns, calmly, timetable
from config.office import OF_THE_OFFICE, OfficeSettings, with_office
from config.settings import Settings, load
from registry.core.ciphers import SecretText, encrypted
from registry.core.clock import utc_now
from registry.core.errors import Unavailable
from tests.make import NOW
from web.system.desk import Origin, Task
from web.system.words import JOB_WORDS, SECRET_SETTINGS, SETTING_WORDS


class OfficeOf(OfficeSettings):
    """Has set these settings, in no register."""

    def __init__(self, machine: Settings, rows: dict[str, str]) -> None:
        super().__init__(machine)
        self._rows, self.now = rows, with_office(machine, rows)


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[RunningDesk]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "izba.toml").write_text('contact_name = "Kancelaria"\n')
    (tmp_path / "password").write_text("hunter2")
    for name, value in {
        "DATA_DIR": str(tmp_path), "OFFICE_NAME": "Urząd", "MQTT_PASSWORD_FILE": str(tmp_path / "password"),
        "MQTT_URL": "mqtt://izba:hunter2@broker:1883",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"IZBA_{name}", value)
    settings = load(funding="UE")
    office, runs = OfficeOf(settings, {"language": "en"}), JobRuns()
    desk = RunningDesk(office, timetable(office, runs=runs), runs, utc_now)
    yield desk
    await desk.stop()


async def test_each_setting_tells_where_it_comes_from_and_no_secret(desk: RunningDesk) -> None:
    lines = {line.name: line for line in desk.settings()}
    assert set(lines) == set(Settings.model_fields)
    names = ("office_name", "contact_name", "mqtt_password", "funding", "language", "port")
    assert {name: lines[name].origin for name in names} == {
        "office_name": Origin.ENVIRONMENT, "contact_name": Origin.FILE, "mqtt_password": Origin.SECRET_FILE,
        "funding": Origin.COMMAND, "language": Origin.PAGE, "port": Origin.DEFAULT,
    }  # fmt: skip
    assert [name for name in ("office_name", "contact_name", "funding", "language") if lines[name].is_of_office] == [
        "language"
    ]
    assert lines["mqtt_url"].value == "mqtt://broker:1883"
    assert lines["mqtt_password"].is_set
    assert "hunter2" not in repr(list(lines.values()))
    assert lines["language"].choices == ("pl", "en")
    assert choices_of(bool) == ("false", "true")
    assert (text_of(("a", "b")), text_of(True)) == ("a, b", "true")
    assert set(SETTING_WORDS) <= set(lines)
    assert set(SECRET_SETTINGS) == {name for name in OF_THE_OFFICE if lines[name].is_secret}


async def test_a_value_that_does_not_fit_is_refused_with_what_to_set(desk: RunningDesk) -> None:
    assert await desk.faults({"session_hours": "8", "language": None}) == {}
    (fault,) = (await desk.faults({"session_hours": "many", "language": "en"})).values()
    assert "IZBA_SESSION_HOURS" in str(fault)
    (fault,) = (await desk.faults({"smtp_host": "smtp://poczta:25"})).values()
    assert "without its port" in str(fault)
    faults = await desk.faults({"office_name": "x", "port": "1", "notice_channels": "tajne"})
    assert {name: fault.code for name, fault in faults.items()} == {
        "office_name": "settings.fixed", "port": "settings.fixed", "notice_channels": "settings.bad",
    }  # fmt: skip
    assert "tajne" not in str(faults.values())


async def test_a_directory_of_backups_is_tried(
    desk: RunningDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await desk.faults({"backup_dir": str(tmp_path)}) == {}
    for folder, word in (("backups", "Begin it with /"), (str(tmp_path / "none"), "cannot be written")):
        assert word in str((await desk.faults({"backup_dir": folder}))["backup_dir"])

    async def hangs(_settings: Settings) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("config.desk.try_folder", hangs)
    monkeypatch.setattr("config.desk.SECONDS", 0.01)
    assert "it took too long" in str((await desk.faults({"backup_dir": str(tmp_path)}))["backup_dir"])


def test_a_secret_of_the_office_is_set_and_not_shown_and_one_of_another_key_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = {"smtp_host": "poczta", "smtp_password": encrypted(SecretText("tajne", "k" * 40))}
    for key, is_unreadable in (("k", False), ("n", True)):
        office = OfficeOf(Settings(secret_key=key * 40, data_dir=tmp_path), rows)
        desk = RunningDesk(office, AsyncIOScheduler(), JobRuns(), utc_now)
        line = {line.name: line for line in desk.settings()}["smtp_password"]
        assert (line.value, line.origin, line.is_set, line.is_unreadable) == (
            "", Origin.PAGE, not is_unreadable, is_unreadable,
        )  # fmt: skip
        assert "tajne" not in repr(desk.settings())


async def test_each_job_has_its_words_and_its_last_run(desk: RunningDesk) -> None:
    assert {job.name for job in desk.jobs()} == set(ABOUT) - {"live", "back up"}
    assert set(JOB_WORDS) == set(ABOUT)
    runs = JobRuns()

    async def good(now: datetime) -> None:
        await asyncio.sleep(0)

    async def refused(now: datetime) -> None:
        raise Unavailable("internal.busy")

    async def broken(now: datetime) -> None:
        raise OSError

    for job in (good, refused, broken):
        await calmly(job, lambda: NOW, runs, job.__name__)()
    assert {name: run.fault for name, run in runs.items()} == {
        "good": "", "refused": "Too many changes at once. Please try again in a moment.", "broken": "OSError",
    }  # fmt: skip
    assert all(run.at == NOW and run.took < timedelta(seconds=5) for run in runs.values())


async def finished(desk: RunningDesk, task: Task) -> str:
    async with asyncio.timeout(60):
        while desk.tasks()[task].ended_at is None:  # a process ends when it ends
            await asyncio.sleep(0.05)
    return desk.tasks()[task].told


@pytest.mark.databases("sqlite")
async def test_a_backup_is_made_beside_the_server_and_only_the_newest_stay(
    desk: RunningDesk, sqlite_template: Path, tmp_path: Path
) -> None:
    (tmp_path / "izba.sqlite3").write_bytes(sqlite_template.read_bytes())
    (tmp_path / BACKUPS).mkdir()
    for number in range(12):
        (tmp_path / BACKUPS / f"izba-20250101-0000{number:02}.backup").write_bytes(b"x")
    now = datetime.now(UTC)
    desk.start(Task.BACKUP, now)
    desk.start(Task.BACKUP, now + timedelta(seconds=5))
    assert desk.tasks()[Task.BACKUP].started_at == now, "one at a time"
    outcome = await finished(desk, Task.BACKUP)
    assert desk.tasks()[Task.BACKUP].is_good, outcome
    backups = desk.backups()
    assert len(backups) == 10
    assert backups[0].name == f"izba-{now:%Y%m%d-%H%M%S}.backup"
    assert backups[0].size > 1000


async def test_what_fails_says_why_and_a_stop_ends_what_works(desk: RunningDesk, tmp_path: Path) -> None:
    (tmp_path / "izba.sqlite3").write_bytes(b"no database")
    desk.start(Task.BACKUP, datetime.now(UTC))
    outcome = await finished(desk, Task.BACKUP)
    assert not desk.tasks()[Task.BACKUP].is_good
    assert outcome
    desk.start(Task.VERIFY, datetime.now(UTC))
    await asyncio.sleep(0)
    await desk.stop()
    assert desk.tasks()[Task.VERIFY].ended_at is not None, "it can be begun again"


async def test_what_cannot_even_begin_is_over_and_says_why(desk: RunningDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_process(*_words: str, **_options: object) -> None:
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", no_process)
    desk.start(Task.VERIFY, datetime.now(UTC))
    assert await finished(desk, Task.VERIFY) == "It could not be started: the system says “Cannot allocate memory”."
    assert not desk.tasks()[Task.VERIFY].is_good
