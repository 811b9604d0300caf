"""The timetable: what runs how often. Each job may run in any number of processes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from config.demo.life import liven
from config.nightly import back_up_nightly
from config.office import OfficeSettings
from config.sending.reminders import remind_of_approvals, remind_of_days, remind_of_devices, remind_of_rooms
from config.sending.sender import Sender
from registry.bookings.readings import advance_due, bring_looks_forward
from registry.bookings.state import LONGEST_LOOK
from registry.bulk_changes import actions as bulk_changes
from registry.bulk_changes import writing as bulk_writing
from registry.core import idempotency, seals
from registry.core.clock import Clock, SteadyClock, is_doubted, utc_now
from registry.core.drafts import forget_drafts
from registry.core.errors import N_, Refusal
from registry.devices import presence_log
from registry.faults.finds import forget_finds
from registry.files import actions as files
from registry.importing import sessions, writing
from registry.outbox import actions as notices
from registry.outbox import letters
from registry.people import actions as people
from registry.people.accounts import close_ended
from registry.people.links import forget_links
from registry.scans import actions as scans
from web.system.desk import JobRun

log = logging.getLogger(__name__)
LOOK_SECONDS, PUT_OFF = 5.0, timedelta(seconds=5)
LONG_RUN = timedelta(minutes=10)
Job = Callable[[datetime], Awaitable[object]]


class JobRuns(dict[str, JobRun]):
    """How each job of this process went last, by its name."""


# what each job does, in the order of the page
ABOUT = {
    "sweep": N_("Lets time pass for the rooms whose moment has come: releases, ends, door states."),
    "take up lists": N_("Goes on with lists whose process has gone."),
    "send notices": N_("Sends what waits in the outbox."),
    "remind of rooms": N_("Tells organizers what they need and what stopped working, or works again."),
    "remind of approvals": N_("Tells approvers what still awaits their answer and begins soon."),
    "remind of devices": N_("Tells who looks after devices which of them are silent."),
    "remind of days": N_("Tells of warranties and durability periods that end soon, and of a missing backup."),
    "back up": N_("Makes the backup of the night once its hour has come."),
    "seal": N_("Seals the history of the hour."),
    "follow settings": N_("Looks for settings that the office has changed, where nothing told of it."),
    "tidy": N_("Forgets sessions, sign-in attempts, request keys and drafts that are over."),
    "forget notices": N_("Forgets notices that arrived or were given up, after their days."),
    "forget traces": N_("Forgets when sensors saw somebody."),
    "forget scans": N_("Forgets who scanned what."),
    "forget finds": N_("Forgets what strangers said of things that they found."),
    "sweep files": N_("Removes the remains of uploads that were cut off."),
    "live": N_("Has meetings made in the demo."),
}


def timetable(
    office: OfficeSettings,
    is_lively: bool = False,
    clock: Clock = utc_now,
    runs: JobRuns | None = None,
    leads: Callable[[], bool] = lambda: False,
) -> AsyncIOScheduler:
    """The scheduler, not started. A late job runs once when it can, however late. A lively demo has meetings made.
    ``runs`` remembers how each went; ``leads`` tells whether this process does. What the office may set is read at each
    run anew.
    """
    runs, settings = JobRuns() if runs is None else runs, office.machine
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"misfire_grace_time": 3600, "coalesce": True, "max_instances": 2}
    )

    def add(job: Job, name: str, at_start: str = "", **trigger: Any) -> None:
        """Let a job run by the clock, or once at the start under another id."""
        scheduler.add_job(calmly(job, clock, runs, name), **trigger, id=at_start or name)

    add(sweep, "sweep", trigger="interval", seconds=settings.sweep_seconds)
    sender = Sender(office, clock)
    add(sender.send_notices, "send notices", trigger="interval", seconds=settings.sweep_seconds)
    add(remind_of_rooms, "remind of rooms", trigger="interval", minutes=1)
    add(remind_of_approvals, "remind of approvals", trigger="interval", minutes=5)
    add(remind_of_devices, "remind of devices", trigger="interval", minutes=5)
    add(remind_of_days(office), "remind of days", trigger="interval", hours=1)
    add(tidy, "tidy", trigger="interval", hours=1)
    add(forget_notices(lambda: office.now.notice_days), "forget notices", trigger="interval", hours=1)
    add(forget_traces(lambda: office.now.trace_days), "forget traces", trigger="interval", hours=1)
    add(sweep_files, "sweep files", trigger="cron", hour=2, minute=37)
    add(forget_scans(lambda: office.now.scan_days), "forget scans", trigger="interval", hours=1)
    add(forget_words_of_finders(lambda: office.now.find_days), "forget finds", trigger="interval", hours=1)
    # the directory, the zone, and what was made already, are asked each hour: see night_of
    add(back_up_nightly(office, leads), "back up", trigger="cron", minute=0)
    add(office.catch_up, "follow settings", trigger="interval", minutes=1)
    add(seal, "seal", trigger="cron", minute=7)
    add(seal, "seal", at_start="seal at the start")  # nobody was there at the hour
    add(look_at_the_put_off, "look at the start")
    add(take_up_lists, "take up lists", trigger="interval", seconds=20)
    if settings.database_url.get_secret_value().startswith("sqlite"):
        add(take_up_all_lists, "take up lists", at_start="take up lists at the start")
    if isinstance(clock, SteadyClock):
        anew = calmly(look_anew, clock)
        clock.on_doubt(lambda is_doubt, now: None if is_doubt else _look_anew_soon(scheduler, anew))
    if is_lively:
        add(live, "live", trigger="interval", minutes=5)
    return scheduler


def calmly(job: Job, clock: Clock, runs: JobRuns | None = None, name: str = "") -> Callable[[], Awaitable[None]]:
    """A job that is given the time, whose fault is logged and whose next run comes all the same. It waits while the
    clock is doubted. How it went is remembered in ``runs`` under its ``name``. While a run lasts, the next is over at
    once: there is one at a time, and the scheduler has no run to warn of that it left out; of a run that lasts long one
    line does.
    """
    turn, began, is_told = asyncio.Lock(), 0.0, False

    async def run() -> None:
        nonlocal began, is_told
        if turn.locked():
            minutes = (time.monotonic() - began) / 60
            if not is_told and minutes >= LONG_RUN / timedelta(minutes=1):
                is_told = True
                log.warning("%s has lasted for %.0f minutes, its next runs are left out", job.__name__, minutes)
            return
        if is_doubted(clock):
            return  # nothing is ended, sealed or forgotten by a time that may be wrong
        async with turn:
            began, is_told = time.monotonic(), False
            await run_alone()

    async def run_alone() -> None:
        now, fault = clock(), ""
        try:
            await job(now)
        except asyncio.CancelledError:
            return  # the stop of the scheduler, which would call it the job's fault
        except Refusal as refusal:
            log.warning("%s: %s", job.__name__, refusal)  # of an outage another line tells already
            fault = str(refusal)
        except Exception as wrong:
            log.exception("%s failed, it runs again at its next time", job.__name__)
            fault = type(wrong).__name__
        if runs is not None:
            runs[name] = JobRun(now, timedelta(seconds=time.monotonic() - began), fault)

    run.__name__ = run.__qualname__ = job.__name__
    return run


async def keep_time(scheduler: AsyncIOScheduler, clock: Clock = utc_now) -> None:
    """Until cancelled: see that a clock that is set back puts no job off. The scheduler waits for a time of day: set
    back by an hour after a start with a wrong clock, all rooms would stand still for that hour.
    """
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        put_off = bring_forward(scheduler, clock())
        if put_off:
            log.warning("the clock was set back, these run now: %s", ", ".join(put_off))


def bring_forward(scheduler: AsyncIOScheduler, now: datetime) -> list[str]:
    """Let the jobs run now whose next run is further away than they ever run; returns their names."""
    put_off = []
    for job in scheduler.get_jobs():
        interval = getattr(job.trigger, "interval", None)
        if interval and job.next_run_time and job.next_run_time - now > interval + PUT_OFF:
            job.modify(next_run_time=now)
            put_off.append(job.id)
    return put_off


async def live(now: datetime) -> None:
    """See that somebody meets in the demo."""
    await liven(now)


def _look_anew_soon(scheduler: AsyncIOScheduler, job: Callable[[], Awaitable[None]]) -> None:
    scheduler.add_job(job, id="look anew", replace_existing=True)


async def look_anew(now: datetime) -> None:
    """Look at every room, after a doubt about the time."""
    await bring_looks_forward(now)


async def look_at_the_put_off(now: datetime) -> None:
    """Look at the rooms that were put off further than any ever is, by a clock that was wrong when Izba ran last."""
    await bring_looks_forward(now, LONGEST_LOOK)


async def take_up_lists(now: datetime) -> None:
    """Go on with lists and bulk changes whose process has gone."""
    await writing.take_up(now)
    await bulk_writing.take_up(now)


async def take_up_all_lists(now: datetime) -> None:
    """Go on with what was being written or undone when Izba ran last: there is no other process."""
    await writing.take_up(now, is_alone=True)
    await bulk_writing.take_up(now, is_alone=True)


async def sweep(now: datetime) -> None:
    """Let time pass for the rooms whose moment has come."""
    await advance_due(now)


async def tidy(now: datetime) -> None:
    """Forget sessions, sign-in attempts, links, request keys, drafts, lists, bulk changes and removed files of old;
    close the accounts whose last day is over.
    """
    await people.sweep(now)
    await close_ended(now)
    await forget_links(now)
    await forget_drafts(now)
    await idempotency.forget(now - idempotency.LIFETIME)
    await sessions.forget_old(now)
    await bulk_changes.forget_old(now)
    await files.forget_removed(now)


async def sweep_files(now: datetime) -> None:
    """Remove contents that no file names: of uploads that were cut off."""
    await files.sweep_contents(now)


def forget_traces(days: Callable[[], int]) -> Job:
    """Forget when sensors saw somebody, after this many days and never before the day is over."""

    async def forget(now: datetime) -> int:
        return await presence_log.forget(now - timedelta(days=max(days(), 1)))

    return forget


def forget_scans(days: Callable[[], int]) -> Job:
    """Forget who scanned what, after this many days."""

    async def forget(now: datetime) -> int:
        return await scans.forget(now - timedelta(days=days()))

    return forget


def forget_notices(days: Callable[[], int]) -> Job:
    """Forget what people were told, and the letters that carried it, after this many days."""

    async def forget(now: datetime) -> int:
        before = now - timedelta(days=days())
        return await notices.forget(before) + await letters.forget_letters(before)

    return forget


def forget_words_of_finders(days: Callable[[], int]) -> Job:
    """Forget what strangers said of things that they found, after this many days."""

    async def forget(now: datetime) -> int:
        return await forget_finds(now - timedelta(days=days()))

    return forget


async def seal(now: datetime) -> None:
    """Seal the history of the hour."""
    sealed = await seals.seal(now)
    if sealed:  # a collector of log lines elsewhere keeps it where nobody who writes into the database can change it
        log.info("the history is sealed until %s: %s", seals.moment_of(sealed.day, sealed.hour), sealed.hash)
