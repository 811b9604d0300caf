"""What kinds of notices there are, what of them a person chooses, and when a letter leaves. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from registry.core.errors import Invalid, Refusal


class Timing(StrEnum):
    """When what somebody is told leaves the house. The notice itself stands under the bell whatever it is."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Topic:
    """Notices that a person chooses a timing for together. One that somebody waits for cannot be switched off."""

    code: str
    timing: Timing
    may_be_off: bool = True


OWN_BOOKING = Topic("own_booking", Timing.AT_ONCE, may_be_off=False)
FOR_ME = Topic("booked_for_me", Timing.AT_ONCE)
READINESS = Topic("readiness", Timing.AT_ONCE)
APPROVAL = Topic("approval", Timing.AT_ONCE, may_be_off=False)
FAULT = Topic("fault", Timing.DAILY)
DUE = Topic("due", Timing.DAILY)
STOCKTAKE = Topic("stocktake", Timing.AT_ONCE)
DEVICE = Topic("device", Timing.NEVER)
BACKUP = Topic("backup", Timing.AT_ONCE)
ACCOUNT = Topic("account", Timing.AT_ONCE, may_be_off=False)
# what the page of wishes offers, in its order; what is about the account itself always leaves at once
TOPICS = (OWN_BOOKING, FOR_ME, APPROVAL, READINESS, FAULT, DUE, STOCKTAKE, DEVICE, BACKUP)

KINDS: Mapping[str, Topic] = {
    "booking.booked": FOR_ME,
    "booking.handed_over": FOR_ME,
    "series.booked": FOR_ME,
    "series.changed": OWN_BOOKING,
    "series.cancelled": OWN_BOOKING,
    "booking.changed": OWN_BOOKING,
    "booking.moved": OWN_BOOKING,
    "booking.cancelled": OWN_BOOKING,
    "booking.restored": OWN_BOOKING,
    "booking.released": OWN_BOOKING,
    "booking.ended": OWN_BOOKING,
    "readiness.lost": READINESS,
    "readiness.regained": READINESS,
    "approval.requested": APPROVAL,
    "approval.granted": APPROVAL,
    "approval.refused": APPROVAL,
    "approval.reopened": APPROVAL,
    "approval.lapsed": APPROVAL,
    "approval.due": APPROVAL,
    "fault.assigned": FAULT,
    "fault.mended": FAULT,
    "loan.due": DUE,
    "warranty.ending": DUE,
    "durability.ending": DUE,
    "stocktake.opened": STOCKTAKE,
    "stocktake.closed": STOCKTAKE,
    "device.silent": DEVICE,
    "backup.old": BACKUP,
    "account.invited": ACCOUNT,
    "account.password": ACCOUNT,
    "account.trial": ACCOUNT,
}
# these carry a link that opens the account: they are mailed, and stand under no bell
SECRET_KINDS = frozenset({"account.invited", "account.password"})

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
GIVE_UP = timedelta(days=3)
URGENT = timedelta(hours=2)
HOURLY = timedelta(hours=1)
DAY_MINUTES = 24 * 60
ADDRESS_LENGTH = 254
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)
_NAME_ON_CHANNEL = re.compile(r"[A-Za-z0-9@+._-]{1,120}")


def is_address(text: str) -> bool:
    """Whether a mail can be sent there: one address, nothing around it, no line break."""
    return len(text) <= ADDRESS_LENGTH and _ADDRESS.fullmatch(text) is not None


def is_name_on_channel(text: str) -> bool:
    """Whether a channel may be given this: a number, a handle or a topic that stays one part of its address."""
    return _NAME_ON_CHANNEL.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person chose; where nothing is said the topic's own timing holds. Minutes after local midnight."""

    timings: Mapping[str, str]
    daily_minute: int = 420
    quiet_from: int | None = None
    quiet_to: int | None = None
    channel: str = ""
    channel_address: str = ""

    def timing(self, kind: str) -> Timing:
        """When a notice of this kind leaves."""
        topic = KINDS[kind]
        wish = self.timings.get(topic.code, "")
        if wish not in set(Timing) or topic is ACCOUNT or wish == Timing.NEVER and not topic.may_be_off:
            return topic.timing
        return Timing(wish)


DEFAULT = Wishes({})


def wish_faults(wishes: Wishes, channels: frozenset[str]) -> list[Refusal]:
    """Every reason why somebody cannot choose this, each with its field."""
    faults: list[Refusal] = []
    topics = {topic.code: topic for topic in TOPICS}
    for code, timing in wishes.timings.items():
        if code not in topics or timing not in set(Timing):
            faults.append(Invalid("notice.bad_wish", field=code[:40], given=str(timing)[:40]))
        elif timing == Timing.NEVER and not topics[code].may_be_off:
            faults.append(Invalid("notice.not_to_be_off", field=code))
    if not 0 <= wishes.daily_minute < DAY_MINUTES:
        faults.append(Invalid("notice.bad_hour", field="daily"))
    for name, minute in (("quiet_from", wishes.quiet_from), ("quiet_to", wishes.quiet_to)):
        if minute is not None and not 0 <= minute < DAY_MINUTES:
            faults.append(Invalid("notice.bad_hour", field=name))
    if (wishes.quiet_from is None) != (wishes.quiet_to is None):
        faults.append(Invalid("notice.half_quiet", field="quiet_to" if wishes.quiet_to is None else "quiet_from"))
    if wishes.channel and wishes.channel not in channels:
        faults.append(Invalid("notice.bad_channel", field="channel", channels=", ".join(sorted(channels))))
    if wishes.channel and not is_name_on_channel(wishes.channel_address):
        faults.append(Invalid("notice.bad_channel_address", field="channel_address"))
    return faults


def next_local(minute: int, now: datetime, zone: ZoneInfo) -> datetime:
    """The next moment at which the clocks of the office show this minute of the day."""
    day = now.astimezone(zone).date()
    days = (day + timedelta(days=later) for later in range(3))
    moments = (datetime.combine(one, time(minute // 60, minute % 60), zone).astimezone(UTC) for one in days)
    return next(at for at in moments if at > now)


def leaves_at(wishes: Wishes, now: datetime, zone: ZoneInfo, about: datetime | None) -> datetime:
    """When a letter that need not wait for others leaves: now, or when the quiet is over. What begins within two hours
    breaks the quiet.
    """
    if wishes.quiet_from is None or wishes.quiet_to is None or wishes.quiet_from == wishes.quiet_to:
        return now
    if about is not None and now - URGENT <= about <= now + URGENT:
        return now
    here = now.astimezone(zone)
    minute = here.hour * 60 + here.minute
    start, end = wishes.quiet_from, wishes.quiet_to
    is_quiet = start <= minute < end if start < end else minute >= start or minute < end
    return next_local(end, now, zone) if is_quiet else now


def next_try(tries: int, created_at: datetime, now: datetime) -> datetime | None:
    """When to try again after so many attempts that failed for a while; None when it is time to give up."""
    if now - created_at >= GIVE_UP:
        return None
    doubled: int = 2 ** min(max(tries - 1, 0), 10)
    return now + min(FIRST_PAUSE * doubled, LONGEST_PAUSE)
