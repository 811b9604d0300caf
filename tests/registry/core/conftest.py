"""Two tasks that are cancelled at every step need two connections before they begin. What events are told is noted."""

import pytest

from registry.core import events
from tests.conftest import Database


@pytest.fixture
def connections() -> int:
    return 2


@pytest.fixture
def event_log(database: Database) -> list[events.Event]:
    """The events of this test, in the order in which they were told."""
    log: list[events.Event] = []
    events.on(log.append)
    return log
