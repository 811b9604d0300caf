"""What a person chooses, and when a letter leaves."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from registry.outbox import rules
from registry.outbox.rules import KINDS, TOPICS, Timing, Wishes, is_address, is_name_on_channel, leaves_at, next_local

WARSAW = ZoneInfo("Europe/Warsaw")
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)  # 10:00 in Warsaw


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("a@urzad.example", True),
        ("jan.kowalska+izba@poczta.urzad.gov.pl", True),
        ("", False),
        ("a@urzad", False),
        ("a b@urzad.example", False),
        ("a@urzad.example\nBcc: b@x.example", False),
        ("a@urzad.example\r\n", False),
        ("a@urzad.example, b@x.example", False),
        ("<a@urzad.example>", False),
        ("a@-urzad.example", False),
        (f"{'a' * 65}@urzad.example", False),
        (f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 60}.example", False),
    ],
)
def test_a_mail_address_is_one_address_and_nothing_else(text: str, is_one: bool) -> None:
    assert is_address(text) is is_one


@pytest.mark.parametrize(
    ("text", "is_one"), [("+48600000000", True), ("@izba", True), ("a/b", False), ("a?x=1", False), ("", False)]
)
def test_what_a_channel_knows_somebody_by_stays_one_part_of_its_address(text: str, is_one: bool) -> None:
    assert is_name_on_channel(text) is is_one


def test_every_kind_has_a_topic_that_is_chosen_or_is_about_the_account() -> None:
    assert set(KINDS.values()) == {*TOPICS, rules.ACCOUNT}


@pytest.mark.parametrize(
    ("kind", "timings", "timing"),
    [
        ("booking.cancelled", {}, Timing.AT_ONCE),
        ("booking.cancelled", {"own_booking": "daily"}, Timing.DAILY),
        ("booking.cancelled", {"own_booking": "never"}, Timing.AT_ONCE),
        ("booking.booked", {"booked_for_me": "never"}, Timing.NEVER),
        ("booking.booked", {"booked_for_me": "sometimes"}, Timing.AT_ONCE),
        ("device.silent", {}, Timing.NEVER),
        ("account.invited", {"account": "daily"}, Timing.AT_ONCE),
    ],
)
def test_a_kind_leaves_as_its_topic_was_chosen(kind: str, timings: dict[str, str], timing: Timing) -> None:
    assert Wishes(timings).timing(kind) is timing


@pytest.mark.parametrize(
    ("wishes", "codes"),
    [
        (Wishes({}), []),
        (Wishes({"fault": "daily"}, 0, 1080, 420, "Signal", "+48600000000"), []),
        (Wishes({"weather": "daily"}), ["notice.bad_wish"]),
        (Wishes({"fault": "often"}), ["notice.bad_wish"]),
        (Wishes({"own_booking": "never"}), ["notice.not_to_be_off"]),
        (Wishes({}, 1440), ["notice.bad_hour"]),
        (Wishes({}, quiet_from=-1, quiet_to=420), ["notice.bad_hour"]),
        (Wishes({}, quiet_from=420), ["notice.half_quiet"]),
        (Wishes({}, quiet_to=420), ["notice.half_quiet"]),
        (Wishes({}, channel="Pigeon", channel_address="x"), ["notice.bad_channel"]),
        (Wishes({}, channel="Signal", channel_address="x y"), ["notice.bad_channel_address"]),
    ],
)
def test_what_cannot_be_chosen_is_said_at_its_field(wishes: Wishes, codes: list[str]) -> None:
    faults = rules.wish_faults(wishes, frozenset({"Signal"}))
    assert [fault.code for fault in faults] == codes
    assert all(fault.params["field"] for fault in faults)


@pytest.mark.parametrize(
    ("minute", "now", "then"),
    [
        (7 * 60, NOW, datetime(2026, 11, 27, 6, 0, tzinfo=UTC)),
        (11 * 60, NOW, datetime(2026, 11, 26, 10, 0, tzinfo=UTC)),
        (10 * 60, NOW, datetime(2026, 11, 27, 9, 0, tzinfo=UTC)),
        # the night in which 2:30 is not there
        (150, datetime(2026, 3, 28, 23, 0, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_the_daily_letter_goes_by_the_clocks_of_the_office(minute: int, now: datetime, then: datetime) -> None:
    assert next_local(minute, now, WARSAW) == then


@pytest.mark.parametrize(
    ("quiet", "hour", "about", "is_put_off"),
    [
        ((None, None), 22, None, False),
        ((0, 0), 22, None, False),
        ((18 * 60, 7 * 60), 22, None, True),
        ((18 * 60, 7 * 60), 5, None, True),
        ((18 * 60, 7 * 60), 12, None, False),
        ((12 * 60, 13 * 60), 12, None, True),
        ((12 * 60, 13 * 60), 13, None, False),
        ((18 * 60, 7 * 60), 22, 1, False),
        ((18 * 60, 7 * 60), 22, 10, True),
    ],
)
def test_nothing_leaves_in_the_quiet_but_what_is_near(
    quiet: tuple[int | None, int | None], hour: int, about: int | None, is_put_off: bool
) -> None:
    now = datetime(2026, 11, 26, hour, 0, tzinfo=WARSAW).astimezone(UTC)
    wishes = Wishes({}, quiet_from=quiet[0], quiet_to=quiet[1])
    at = leaves_at(wishes, now, WARSAW, now + timedelta(hours=about) if about else None)
    assert (at > now) is is_put_off
    if is_put_off:
        assert at.astimezone(WARSAW).hour * 60 == quiet[1]


@pytest.mark.parametrize(("tries", "minutes"), [(0, 1), (1, 1), (2, 2), (3, 4), (7, 60), (400, 60)])
def test_a_letter_waits_longer_after_each_try(tries: int, minutes: int) -> None:
    assert rules.next_try(tries, NOW, NOW) == NOW + timedelta(minutes=minutes)


def test_a_letter_is_given_up_after_three_days() -> None:
    assert rules.next_try(9, NOW - timedelta(days=3), NOW) is None
