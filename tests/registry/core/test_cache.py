"""What is remembered: for a while, not without end, None too, and of one register alone."""

import pytest

from registry.core import events
from registry.core.cache import Cache
from registry.core.context import OpenRegister
from registry.core.events import PlacesChanged


@pytest.mark.usefixtures("register")
def test_a_value_is_there_until_it_is_forgotten() -> None:
    cache = Cache[str, int]()
    assert cache.put("a", 1) == 1
    cache.put("b", 2)
    assert (cache.get("a"), cache.get("b")) == (1, 2)
    cache.discard("a")
    cache.discard("never there")
    assert (cache.get("a"), cache.get("b")) == (None, 2)
    cache.clear()
    assert cache.get("b") is None


@pytest.mark.usefixtures("register")
def test_what_is_none_is_known_all_the_same() -> None:
    cache = Cache[str, int | None]()
    cache.put("a", None)
    assert (cache.get("a", -1), cache.get("b", -1)) == (None, -1)


@pytest.mark.usefixtures("register")
def test_a_value_is_good_for_a_while() -> None:
    an_hour, no_time = Cache[str, int](3600), Cache[str, int](0)
    assert (an_hour.put("a", 1), no_time.put("a", 1)) == (1, 1)
    assert (an_hour.get("a"), no_time.get("a")) == (1, None)


@pytest.mark.usefixtures("register")
def test_the_one_that_nobody_asked_for_goes_when_there_are_too_many() -> None:
    cache = Cache[int, int](at_most=2)
    cache.put(1, 1)
    cache.put(2, 2)
    cache.get(1)
    cache.put(3, 3)
    assert [cache.get(key) for key in (1, 2, 3)] == [1, None, 3]


@pytest.mark.usefixtures("register")
def test_the_stale_ones_go() -> None:
    cache = Cache[int, int]()
    for number in range(6):
        cache.put(number, number)
    cache.discard_where(lambda value: value % 2 == 0)
    assert [cache.get(number) for number in range(6)] == [None, 1, None, 3, None, 5]


async def test_a_value_is_loaded_once_in_each_register() -> None:
    cache, loads = Cache[str, int | None](), []

    async def load() -> None:
        loads.append(1)

    with OpenRegister():
        assert await cache.load("a", load) is None
        assert await cache.load("a", load) is None
    with OpenRegister():
        assert await cache.load("a", load) is None
    assert len(loads) == 2


@pytest.mark.usefixtures("register")
async def test_what_was_read_before_something_was_forgotten_is_not_kept() -> None:
    cache = Cache[str, int](outdated_by=PlacesChanged)

    async def load() -> int:
        await events.dispatch([PlacesChanged()])  # somebody has changed what was read a moment before
        return 1

    assert await cache.load("a", load) == 1
    assert cache.get("a") is None
    for forget in (cache.clear, lambda: cache.discard("b"), lambda: cache.discard_where(lambda value: False)):
        epoch = cache.epoch
        forget()
        assert cache.put("a", 2, epoch) == 2
        assert cache.get("a") is None
    assert cache.put("a", 3, cache.epoch) == cache.get("a") == 3
