"""What a process remembers for a while."""

from registry.core.cache import Kept, forget_all


def test_it_is_good_until_forgotten_or_too_old() -> None:
    kept, short = Kept[str, int](), Kept[str, int](0)
    assert (kept.put("a", 1), short.put("a", 1)) == (1, 1)
    assert (kept.get("a"), kept.get("b"), short.get("a")) == (1, None, None)
    forget_all()
    assert kept.get("a") is None


def test_one_too_many_begins_anew() -> None:
    kept = Kept[int, int](at_most=2)
    for number in range(3):
        kept.put(number, number)
    assert [kept.get(number) for number in range(3)] == [None, None, 2]
