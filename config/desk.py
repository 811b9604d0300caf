"""How this process is run, for the page of the system: settings with their origin, jobs, backups."""

import asyncio
import os
import secrets
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit, urlunsplit

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from pydantic import SecretStr, ValidationError

from config.command_process import CommandEnd, run_command
from config.faults import setting_fault
from config.jobs import ABOUT, JobRuns
from config.nightly import try_folder
from config.office import OF_THE_OFFICE, OfficeSettings, stored_value, value_of
from config.sending.mail import Mail, MailServer, send_now
from config.settings import TOML, Settings, is_secret, variable_of
from registry.core.ciphers import SecretText
from registry.core.clock import Clock
from registry.core.errors import N_, Conflict, Invalid, Reason, Refusal, Unavailable
from web.outbox.letters import LetterText
from web.system.desk import BackupFile, JobLine, Origin, SettingLine, Task, TaskState
from web.system.nights import NightPlan

BACKUPS, KEPT = "backups", 10
# a page waits so long at most for a disk that hangs
SECONDS = 5.0


class RunningDesk:
    """Of a process that serves, by what the office has set."""

    def __init__(self, office: OfficeSettings, scheduler: AsyncIOScheduler, runs: JobRuns, clock: Clock) -> None:
        self._office, self._settings = office, office.machine
        self._scheduler, self._runs = scheduler, runs
        self._clock, self.started_at = clock, clock()
        self._tasks: dict[Task, TaskState] = {}
        self._working: set[asyncio.Task[None]] = set()

    def settings(self) -> list[SettingLine]:
        origins = origins_of(self._settings, os.environ)
        return [_line(name, self._office, origins[name]) for name in Settings.model_fields]

    async def faults(self, values: Mapping[str, str | None]) -> dict[str, Refusal]:
        return await faults_in(values, self._office)

    def stored(self, values: Mapping[str, str | None]) -> dict[str, str | SecretText | None]:
        return {name: stored_value(name, text, self._settings) for name, text in values.items()}

    async def send_trial(self, letter: LetterText, address: str, name: str, now: datetime) -> None:
        ours = self._office.now
        if not ours.smtp_host:
            raise Conflict("notice.no_server")
        mail = Mail(f"trial-{secrets.token_hex(8)}", address, name, letter.subject, letter.text, letter.html)
        await send_now(mail, MailServer.of(ours), now)

    def jobs(self) -> list[JobLine]:
        next_runs = {job.id: getattr(job, "next_run_time", None) for job in self._scheduler.get_jobs()}
        return [
            JobLine(name, ABOUT[name], self._runs.get(name), next_runs.get(name))
            for name in ABOUT
            if (name in next_runs or name in self._runs) and (name != "back up" or self._office.now.backup_dir)
        ]

    def tasks(self) -> Mapping[Task, TaskState]:
        return self._tasks

    def start(self, task: Task, now: datetime) -> None:
        state = self._tasks.get(task)
        if state and state.ended_at is None:
            return
        self._tasks[task] = TaskState(task, now)
        words = ("verify", "history") if task is Task.VERIFY else ("backup", str(self._new_file(now)))
        work = asyncio.create_task(self._run(task, now, words))
        self._working.add(work)
        work.add_done_callback(self._working.discard)

    def backups(self) -> list[BackupFile]:
        folder = self._settings.data_dir / BACKUPS
        paths = sorted(folder.glob("izba-*.backup"), key=lambda path: path.name, reverse=True)
        return [_backup(path) for path in paths]

    @property
    def night_plan(self) -> NightPlan | None:
        ours = self._office.now
        return NightPlan(ours.backup_dir, ours.backup_hour, ours.backup_count) if ours.backup_dir else None

    async def stop(self) -> None:
        """End what works in the background."""
        for work in self._working:
            work.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def _new_file(self, now: datetime) -> Path:
        folder = self._settings.data_dir / BACKUPS
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"izba-{now:%Y%m%d-%H%M%S}.backup"

    async def _run(self, task: Task, started_at: datetime, words: tuple[str, ...]) -> None:
        """In a process of its own: a copy of a large register would make every answer wait."""
        end = CommandEnd(False, "")
        try:
            end = await run_command(self._settings.data_dir, *words, language=self._office.now.language)
        finally:
            self._tasks[task] = TaskState(task, started_at, self._clock(), end.is_good, end.text)
        if task is Task.BACKUP and end.is_good:
            for old in self.backups()[KEPT:]:
                (self._settings.data_dir / BACKUPS / old.name).unlink(missing_ok=True)


async def faults_in(values: Mapping[str, str | None], office: OfficeSettings) -> dict[str, Refusal]:
    """Why the office cannot set these settings to these texts, by name."""
    return {name: fault for name, text in values.items() if (fault := await _fault(name, text, office))}


async def _fault(name: str, text: str | None, office: OfficeSettings) -> Refusal | None:
    """None for what it is without the page is always good."""
    if name not in office.open:
        return Conflict("settings.fixed", setting=variable_of(name))
    if text is None:
        return None
    try:
        value_of(name, text)
    except ValidationError as wrong:
        field = Settings.model_fields[name]
        return setting_fault(variable_of(name), field, wrong.errors()[0], is_secret(field))
    return await _folder_fault(office.now, text) if name == "backup_dir" else None


def _backup(path: Path) -> BackupFile:
    stat = path.stat()
    return BackupFile(path.name, datetime.fromtimestamp(stat.st_mtime, UTC), stat.st_size)


def origins_of(settings: Settings, environ: Mapping[str, str]) -> dict[str, Origin]:
    """Where each setting comes from, before the office sets any."""
    in_file = _in_file()
    origins: dict[str, Origin] = {}
    for name, field in Settings.model_fields.items():
        variable = variable_of(name)
        if environ.get(variable):
            origins[name] = Origin.ENVIRONMENT
        elif is_secret(field) and environ.get(f"{variable}_FILE"):
            origins[name] = Origin.SECRET_FILE
        elif name in in_file:
            origins[name] = Origin.FILE
        elif name in OF_THE_OFFICE and name in settings.model_fields_set:
            origins[name] = Origin.COMMAND
        else:
            origins[name] = Origin.DEFAULT
    return origins


def _in_file() -> set[str]:
    try:
        return set(tomllib.loads(Path(TOML).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return set()


async def _folder_fault(settings: Settings, folder: str) -> Refusal | None:
    """Why the nightly backups cannot be made there."""
    if not Path(folder).is_absolute():
        about, advice = Reason(Settings.model_fields["backup_dir"].description or ""), Reason(N_("Begin it with /."))
        return Invalid(
            "settings.bad", setting=variable_of("backup_dir"), given=repr(folder), about=about, advice=advice
        )
    try:
        async with asyncio.timeout(SECONDS):
            await try_folder(settings.model_copy(update={"backup_dir": folder}))
    except TimeoutError:
        return Unavailable("file.not_written", path=folder, reason=Reason(N_("it took too long")))
    except Refusal as refusal:
        return refusal
    return None


def _line(name: str, office: OfficeSettings, origin: Origin) -> SettingLine:
    field, value = Settings.model_fields[name], getattr(office.now, name)
    secret, is_stored = isinstance(value, SecretStr), name in office.stored
    origin = Origin.PAGE if is_stored else origin
    return SettingLine(
        name=name,
        variable=variable_of(name),
        about=field.description or "",
        value="" if secret else text_of(value),
        origin=origin,
        default="" if secret else text_of(field.default),
        is_secret=secret,
        is_set=bool(value.get_secret_value()) if secret else bool(text_of(value)),
        is_of_office=name in office.open,
        choices=choices_of(field.annotation),
        is_unreadable=secret and is_stored and not value.get_secret_value(),
    )


def choices_of(annotation: Any) -> tuple[str, ...]:
    """The texts that a setting of this type may be, where they are few."""
    if get_origin(annotation) is Literal:
        return tuple(str(one) for one in get_args(annotation))
    return ("false", "true") if annotation is bool else ()


def text_of(value: Any) -> str:
    """A value as the environment would bring it; an address without the name and password in it."""
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if "://" in text and "@" in text:
        parts = urlsplit(text)
        text = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return text
