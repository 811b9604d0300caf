"""Who leads: one at a time, and nobody gives up for good."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from config import leader
from config.leader import lead
from tests.devices.broker.test_connection import until
from tests.servers import Postgres

pytestmark = pytest.mark.anyio


class Office:
    """Notes who leads. ``faults`` is how often a start fails."""

    def __init__(self, faults: int = 0) -> None:
        self.faults, self.starts, self.stops = faults, 0, 0

    async def start(self) -> None:
        if self.faults:
            self.faults -= 1
            raise RuntimeError("the database is just being restarted")
        self.starts += 1

    async def stop(self) -> None:
        self.stops += 1

    @property
    def leads(self) -> bool:
        return self.starts > self.stops


@pytest.fixture
def leading(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Office], asyncio.Task[None]]:
    monkeypatch.setattr(leader, "RETRY_SECONDS", 0.05)
    return lambda url, office: asyncio.create_task(lead(url, office.start, office.stop))


async def end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_start_that_fails_is_tried_again(postgres: Postgres, leading: Any) -> None:
    office = Office(faults=3)
    task = leading(postgres.url("postgres"), office)
    await until(lambda: office.leads)
    await end(task)
    assert (office.starts, office.stops) == (1, 1)


async def test_one_leads_at_a_time_and_another_takes_over(postgres: Postgres, leading: Any) -> None:
    one, two = Office(), Office()
    first = leading(postgres.url("postgres"), one)
    await until(lambda: one.leads)
    second = leading(postgres.url("postgres"), two)
    await asyncio.sleep(0.3)
    assert not two.leads
    await end(first)
    await until(lambda: two.leads)
    assert not one.leads
    await end(second)


async def test_whose_lock_is_gone_leads_no_more_and_comes_back(postgres: Postgres, leading: Any) -> None:
    office = Office()
    task = leading(postgres.url("postgres"), office)
    await until(lambda: office.leads)
    postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    )
    await until(lambda: office.starts == 2)
    assert office.stops == 1
    await end(task)


async def test_on_sqlite_too(leading: Any) -> None:
    office = Office(faults=3)
    task = leading("sqlite://x", office)
    await until(lambda: office.leads)
    await end(task)
    assert (office.starts, office.stops) == (1, 1)
