"""How Izba does, for who runs it: state, jobs, settings with their origin, and no secret anywhere."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.core.errors import N_, Invalid, Reason, Refusal, Unavailable
from registry.core.history import HistoryEntry
from registry.office.queries import office_settings
from registry.people.models import Role
from tests.make import make_device, make_person
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.system.desk import BackupFile, JobLine, JobRun, NoDesk, Origin, SettingLine, Task, TaskState
from web.system.last_backup import LastBackup, note
from web.system.nights import LastNight, NightPlan, note_night

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


class TestDesk(NoDesk):
    """Says what it is told, and remembers what it was asked to begin."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))
        self.states: dict[Task, TaskState] = {}
        self.begun: list[Task] = []
        self.lines = [
            SettingLine("office_name", "IZBA_OFFICE_NAME", "The name.", "Urząd", Origin.PAGE, is_of_office=True),
            SettingLine("log_level", "IZBA_LOG_LEVEL", "Log.", "INFO", Origin.DEFAULT, "INFO", is_of_office=True,
                        choices=("DEBUG", "INFO")),
            SettingLine("funding", "IZBA_FUNDING", "Funds.", "UE", Origin.ENVIRONMENT),
            SettingLine("secret_key", "IZBA_SECRET_KEY", "Key.", "", Origin.SECRET_FILE, is_secret=True),
        ]  # fmt: skip

    async def faults(self, values: Mapping[str, str | None]) -> Mapping[str, Refusal]:
        bad = Invalid(
            "settings.bad", setting="IZBA_LOG_LEVEL", given="'LOUD'", about="", advice=Reason("Set one of: INFO.")
        )
        return {name: bad for name, text in values.items() if text == "LOUD"}

    def jobs(self) -> list[JobLine]:
        now = datetime.now(UTC)
        return [
            JobLine("tidy", "Forgets.", JobRun(now, timedelta(milliseconds=11)), now),
            JobLine("seal", "Seals.", JobRun(now, timedelta(seconds=2), "OSError"), now),
            JobLine("sweep", "Sweeps.", None, None),
        ]

    def tasks(self) -> dict[Task, TaskState]:
        return self.states

    def start(self, task: Task, now: datetime) -> None:
        self.begun.append(task)

    def backups(self) -> list[BackupFile]:
        return [BackupFile("izba-20261130-101500.backup", datetime.now(UTC), 2**20 * 3)]


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    app = create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", version="0.9"))
    app.state.desk = TestDesk()
    return await Desk(app).open()


@pytest.mark.parametrize(
    "path", ["/admin/system", "/admin/licences", "/admin/settings", "/admin/settings/log_level", "/admin/settings/mail"]
)
async def test_only_who_runs_izba_sees_it(desk: Desk, path: str) -> None:
    for who in ("alice", "coordinator", "auditor", "facilities"):
        assert (await desk.get(path, who)).status_code == 403, who
    assert (await desk.get(path, "admin")).status_code == 200


async def test_the_state_is_told_in_words(desk: Desk, tmp_path: Path) -> None:
    text = await desk.read("/admin/system", "admin")
    assert "Izba works, something waits for you Backup" in text
    note(tmp_path, LastBackup(datetime.now(UTC), False))
    text = await desk.read("/admin/system", "admin")
    assert "Izba works Rooms, doors, sensors and the history are as they should be." in text
    assert "works Database It answers and takes what is written." in text
    assert "izba-20261130-101500.backup" in text
    assert "3 MB" in text
    for days, damaged, word in ((3, False, "old Backup"), (0, True, "damaged Backup")):
        note(tmp_path, LastBackup(datetime.now(UTC) - timedelta(days=days), damaged))
        assert word in await desk.read("/admin/system", "admin")

    async def away() -> None:
        raise Unavailable("broker.away", url="mqtt://b", reason="x")

    desk.app.state.checks = {"broker": away}
    text = await desk.read("/admin/system", "admin")
    assert "Something is wrong MQTT broker" in text
    assert "wrong MQTT broker The MQTT broker does not answer at mqtt://b" in text


async def test_the_page_says_how_a_backup_makes_itself_and_when_it_did_not(desk: Desk, tmp_path: Path) -> None:
    text = await desk.read("/admin/system", "admin")
    assert "none Backup None was made yet. Make one now, and name a directory in the settings" in text
    assert "None is made by itself. Name a directory on another disk, and one is made each night. Name it" in text
    now = datetime.now(UTC)
    today = now.date()
    note(tmp_path, LastBackup(now - timedelta(days=3), False))
    assert "old Backup The last one is old. Make one now, and name" in await desk.read("/admin/system", "admin")
    desk.app.state.desk.night_plan = NightPlan("/backup/izba", 2, 14)
    text = await desk.read("/admin/system", "admin")
    assert "old Backup The last one is old. The next comes within the hour." in text
    assert "Each night from 2:00 on one is made into /backup/izba; the newest 14 stay there." in text
    note(tmp_path, LastBackup(now, False))
    note_night(tmp_path, LastNight(today, folder="/backup/izba", made_at=now - timedelta(days=3)))
    assert "missed Backup Last night's was not made" in await desk.read("/admin/system", "admin")
    full = {"path": "/backup/izba", "reason": Reason(N_("the disk is full"))}
    note_night(tmp_path, LastNight(None, "file.not_written", now, full, folder="/backup/izba"))
    text = await desk.read("/admin/system", "admin")
    assert "Something is wrong Backup" in text
    assert "failed Backup /backup/izba cannot be written: the disk is full." in text
    await desk.hire(await make_person("administratorka", role=Role.ADMIN, language="pl"))
    assert "dysk jest pełny" in await desk.read("/admin/system", "administratorka"), (
        "each reads it in their own language"
    )
    note_night(tmp_path, LastNight(today, folder="/backup/izba", made_at=now))
    assert "fresh Backup" in await desk.read("/admin/system", "admin")


async def test_jobs_tell_their_last_run_and_its_fault(desk: Desk) -> None:
    text = await desk.read("/admin/system", "admin")
    assert "Clearing away Forgets. went well just now 11 ms" in text
    assert "Seal of the history Seals. failed OSError just now 2 s" in text
    assert "The clock of the rooms Sweeps. – not yet" in text


async def test_what_a_device_sent_and_was_refused_is_named(desk: Desk) -> None:
    await make_device(code="hall", refusal="no JSON", refused_at=datetime.now(UTC))
    text = await desk.read("/admin/system", "admin")
    assert "hall just now no JSON" in text


async def test_a_backup_and_a_check_are_begun_and_their_end_is_told(desk: Desk) -> None:
    ours: TestDesk = desk.app.state.desk
    for task in ("backup", "verify"):
        answer = await desk.post(f"/admin/system/{task}", "admin")
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/system")
        assert (await desk.post(f"/admin/system/{task}", "coordinator")).status_code == 403
    assert ours.begun == [Task.BACKUP, Task.VERIFY]
    now = datetime.now(UTC)
    ours.states[Task.BACKUP] = TaskState(Task.BACKUP, now)
    assert "A backup is being made" in await desk.read("/admin/system", "admin")
    ours.states[Task.BACKUP] = TaskState(Task.BACKUP, now, now, True, "x holds 3 bytes.")
    ours.states[Task.VERIFY] = TaskState(Task.VERIFY, now, now, False, "Altered: asset:3, entry 2.")
    text = await desk.read("/admin/system", "admin")
    assert "A backup was made x holds 3 bytes." in text
    assert "The history is not whole Altered: asset:3, entry 2." in text
    assert "altered History Altered: asset:3" in text
    ours.states[Task.VERIFY] = TaskState(Task.VERIFY, now, now, True, "5 entries, all whole.")
    assert "whole History The whole chain was checked and fits." in await desk.read("/admin/system", "admin")
    assert (await desk.post("/admin/system/dance", "admin")).status_code == 404


async def test_settings_have_their_origin_and_a_secret_is_never_shown(desk: Desk) -> None:
    text = await desk.read("/admin/settings", "admin")
    assert "Name of the office The name. Urząd page Change" in text
    assert "Sentence about the funds Funds. UE environment set on the machine" in text
    assert "IZBA_SECRET_KEY Key. set, and not shown a secret's file" in text
    answer = (await desk.api("GET", "/system", "admin")).json()
    assert answer["version"] == "0.9"
    assert answer["status"] == "ready"
    assert answer["jobs"][0]["milliseconds"] == 11
    assert {one["name"]: one["value"] for one in answer["settings"]}["secret_key"] is None
    assert (await desk.api("GET", "/system", "auditor")).status_code == 403


async def test_a_setting_is_changed_at_once_and_its_history_is_beside_it(desk: Desk) -> None:
    answer = await desk.send("/admin/settings/log_level", "admin", value="DEBUG")
    assert "Level of the log: changed, and in force." in answer.text
    assert await office_settings() == {"log_level": "DEBUG"}
    entry = await HistoryEntry.get(object="office:1")
    assert (entry.actor, entry.after) == ("Admin", {"log_level": "DEBUG"})
    text = await desk.read("/admin/settings/log_level", "admin")
    assert "What it was DEBUG" in text
    assert "Admin · before: as without this page" in text
    answer = await desk.post("/admin/settings/log_level", "admin", value="LOUD")
    assert (answer.status_code, "Set one of: INFO." in answer.text) == (422, True)
    answer = await desk.post("/admin/settings/office_name", "admin", value="Izba\0")
    assert (answer.status_code, "cannot be shown" in answer.text) == (422, True)
    await desk.post("/admin/settings/office_name", "admin", value="", reset="1")
    await desk.post("/admin/settings/log_level", "admin", value="  ")
    assert await office_settings() == {}


async def test_what_the_machine_sets_no_page_changes(desk: Desk) -> None:
    for name in ("funding", "secret_key", "nothing"):
        assert (await desk.get(f"/admin/settings/{name}", "admin")).status_code == 404
        assert (await desk.post(f"/admin/settings/{name}", "admin", value="x")).status_code == 404


async def test_licences_name_every_library(desk: Desk) -> None:
    text = await desk.read("/admin/licences", "admin")
    assert "fastapi" in text
    assert "MIT" in text
