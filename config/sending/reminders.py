"""What nobody does and somebody must hear of: what holds now is looked at again and again, and told once."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from config.settings import Settings
from registry.bookings.approval_reminders import remind_approvers
from registry.bookings.readiness import tell_of_readiness
from registry.devices.notices import tell_of_silence
from registry.outbox.actions import NewNotice, remind
from registry.people.queries import first_account_at, people_who_may
from registry.rooms.queries import office_zone
from registry.upkeep.notices import tell_of_ends, tell_of_loans
from web.system.last_backup import FRESH, last_backup
from web.system.nights import is_missed, last_night

Reminder = Callable[[datetime], Awaitable[object]]


async def remind_of_rooms(now: datetime) -> None:
    """What bookings of the coming week need and what of it works."""
    await tell_of_readiness(now)


async def remind_of_approvals(now: datetime) -> None:
    """Bookings that begin soon and still await an answer."""
    await remind_approvers(now)


async def remind_of_devices(now: datetime) -> None:
    """Devices that have fallen silent."""
    await tell_of_silence(now)


def remind_of_days(in_force: Callable[[], Settings]) -> Reminder:
    """What ends within thirty days, what is due back, and a backup that is older than a week or missed its night."""

    async def remind_of_days(now: datetime) -> None:
        local = now.astimezone(await office_zone())
        await tell_of_ends(local.date(), now)
        await tell_of_loans(local.date(), now)
        await _tell_of_backup(in_force(), local)

    return remind_of_days


async def _tell_of_backup(settings: Settings, now: datetime) -> None:
    """Once a day, while there is none that is whole and fresh, or one that should make itself is missed; a new office
    has a week for the first that it makes.
    """
    backup, first_at = last_backup(settings.data_dir), await first_account_at()
    if first_at is None:
        return
    last = last_night(settings.data_dir) if settings.backup_dir else None
    is_new, is_fresh = now - first_at < FRESH, backup is not None and backup.is_fresh(now)
    if (is_new or is_fresh) and not is_missed(last, settings.backup_dir, now, settings.backup_hour):
        return
    facts = {"made_on": backup.at.astimezone(now.tzinfo).date().isoformat()} if backup else {}
    people = await people_who_may("office.manage")
    event = f"backup.old:{now.date()}"
    await remind([NewNotice(person_id, "backup.old", event, "", facts) for person_id in people], now)
