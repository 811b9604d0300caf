"""The timetable's jobs that clear away."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_SUBMITTED
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from config import jobs
from config.jobs import bring_forward, forget_traces, keep_time, tidy, timetable
from config.office import OfficeSettings
from config.settings import Settings
from registry.core.clock import SteadyClock
from registry.devices.models import Trace
from registry.people import policy
from registry.people.models import FailedSignIn
from tests.conftest import Database
from tests.make import NOW, make_device, make_room


@pytest.mark.parametrize(("days", "remaining"), [(30, 2), (7, 1), (0, 1)])
async def test_traces_are_kept_as_long_as_the_setting_says(database: Database, days: int, remaining: int) -> None:
    room = await make_room()
    sensor = await make_device(room=room)
    for age in (40, 20, 0.5):
        until = NOW - timedelta(days=age)
        await Trace.create(device=sensor, room=room, since=until - timedelta(minutes=5), until=until)
    await forget_traces(lambda: days)(NOW)
    assert await Trace.all().count() == remaining


async def test_sign_in_attempts_are_kept_as_long_as_the_setting_says(database: Database) -> None:
    policy.use(Settings(sign_in_window_minutes=60).sign_in_rules)
    for minutes in (20, 70):
        await FailedSignIn.create(login="alice", address="127.0.0.1", at=NOW - timedelta(minutes=minutes))
    await tidy(NOW)
    assert [attempt.at for attempt in await FailedSignIn.all()] == [NOW - timedelta(minutes=20)]


def only_the_sweep() -> AsyncIOScheduler:
    """The timetable without what would ask for a database, at the start or at its hour."""
    scheduler = timetable(OfficeSettings(Settings()))
    for job in scheduler.get_jobs():
        if job.id != "sweep":
            job.remove()
    return scheduler


async def test_a_stop_in_the_middle_of_a_job_is_no_fault_of_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun = asyncio.Event()

    async def sweep(now: datetime) -> None:
        begun.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(jobs, "sweep", sweep)
    scheduler = only_the_sweep()
    scheduler.start()
    scheduler.modify_job("sweep", next_run_time=datetime.now(UTC))
    await asyncio.wait_for(begun.wait(), 30)
    scheduler.shutdown(wait=False)
    await asyncio.sleep(0.05)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_run_that_lasts_is_alone_and_warns_of_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun, may_end, runs = asyncio.Event(), asyncio.Event(), list[datetime]()

    async def sweep(now: datetime) -> None:
        runs.append(now)
        begun.set()
        await may_end.wait()

    monkeypatch.setattr(jobs, "sweep", sweep)
    scheduler = only_the_sweep()
    submitted = asyncio.Queue[int]()
    scheduler.add_listener(
        lambda event: submitted.put_nowait(event.code), EVENT_JOB_SUBMITTED | EVENT_JOB_MAX_INSTANCES
    )
    scheduler.start()
    try:
        for _ in range(3):
            scheduler.modify_job("sweep", next_run_time=datetime.now(UTC))
            assert await asyncio.wait_for(submitted.get(), 30) == EVENT_JOB_SUBMITTED
            await asyncio.wait_for(begun.wait(), 30)
    finally:
        may_end.set()
        scheduler.shutdown(wait=False)
    assert len(runs) == 1
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []


async def test_of_a_run_that_lasts_long_one_line_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs, "LONG_RUN", timedelta())
    may_end = asyncio.Event()

    async def back_up(now: datetime) -> None:
        await may_end.wait()

    run = jobs.calmly(back_up, lambda: NOW)
    for _ in range(2):
        may_end.clear()
        first = asyncio.create_task(run())
        await asyncio.sleep(0)
        for _ in range(3):
            await run()
        may_end.set()
        await first
    lines = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert lines == ["back_up has lasted for 0 minutes, its next runs are left out"] * 2


async def test_nothing_is_done_by_a_time_that_may_be_wrong() -> None:
    """An hour ahead for a moment: the sweep waits, and looks at every room once the time is sure."""
    walls, times = [NOW], list[datetime]()
    clock = SteadyClock(lambda: walls[-1], lambda: 0.0)

    async def sweep(now: datetime) -> None:
        times.append(now)

    run = jobs.calmly(sweep, clock)
    scheduler = timetable(OfficeSettings(Settings()), clock=clock)
    scheduler.remove_all_jobs()
    for wall in (NOW, NOW + timedelta(hours=1), NOW):
        walls.append(wall)
        await run()
    assert times == [NOW, NOW]
    assert [job.id for job in scheduler.get_jobs()] == ["look anew"]


async def test_a_clock_that_is_set_back_puts_no_job_off(monkeypatch: pytest.MonkeyPatch) -> None:
    swept = asyncio.Event()

    async def sweep(now: datetime) -> None:
        swept.set()

    monkeypatch.setattr(jobs, "sweep", sweep)
    monkeypatch.setattr(jobs, "LOOK_SECONDS", 0.05)
    scheduler = only_the_sweep()
    scheduler.start()
    try:
        assert bring_forward(scheduler, datetime.now(UTC)) == []
        # what it looks like when the clock was two hours ahead at the start
        scheduler.modify_job("sweep", next_run_time=datetime.now(UTC) + timedelta(hours=2))
        swept.clear()
        keeping = asyncio.create_task(keep_time(scheduler))
        await asyncio.wait_for(swept.wait(), 30)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    finally:
        scheduler.shutdown(wait=False)
