"""Setting up an office: its one-time code, its first administrator, its first place; and what it sets from a page."""

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError

from registry.core import history
from registry.core.ciphers import SecretText, encrypted
from registry.core.errors import Conflict, Forbidden, Invalid, Refusal
from registry.core.events import OfficeChanged, PlacesChanged
from registry.core.history import Actor
from registry.core.transaction import Change, transaction
from registry.office.models import OfficeSetting, SetUp
from registry.office.rules import (
    ALPHABET,
    CODE_LENGTH,
    MAIL_PASSWORD,
    MAIL_SERVER,
    FirstStep,
    StoredSetting,
    attempts_left,
    history_words,
    is_password_asked,
    pause_left,
    plain_code,
    spaced_code,
)
from registry.people import actions as people
from registry.people.models import Person, Role
from registry.people.queries import has_people
from registry.people.rules import account_faults, plain_login
from registry.rooms.models import Building, Room, Site
from registry.rooms.places import NewBuilding, NewRoom, NewSite, open_building, open_room, open_site

log = logging.getLogger(__name__)
OFFICE = "office:1"
_ROW = 1


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """Whoever sets the office up."""

    login: str
    name: str
    password: str

    def faults(self) -> dict[str, Refusal]:
        """What is wrong, by field."""
        fields = {"person.bad_login": "login", "person.weak_password": "password", "request.bad_field": "password"}
        faults = account_faults(plain_login(self.login), Role.ADMIN, self.password)
        return {fields[fault.code]: fault for fault in faults}


@dataclass(frozen=True, slots=True)
class WholeSetUp:
    """All that a set-up asks, at once."""

    settings: Mapping[str, str | SecretText | None]
    administrator: FirstAdministrator
    site: NewSite
    building: NewBuilding
    rooms: Sequence[NewRoom]


async def new_code(now: datetime) -> str:
    """A fresh one-time code for the set-up page; the one before is void. Only its hash is stored.

    Raises Conflict("setup.over") once somebody has an account.
    """
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    code_hash = await asyncio.to_thread(people.hasher.hash, code)
    await _make_row()
    async with transaction():
        row = await _locked()
        if await has_people():
            raise Conflict("setup.over")
        row.code_hash, row.code_made_at, row.attempts, row.attempted_at = code_hash, now, 0, None
        await row.save()
    return spaced_code(code)


async def check_code(code: str, address: str, now: datetime) -> datetime:
    """When the code that this is was made. A wrong one is counted before it is looked at, and told in the log.

    Raises Conflict("setup.over"); Forbidden: setup.bad_code, setup.too_many.
    """
    await _make_row()
    async with transaction():
        row = await _locked()
        if await has_people():
            raise Conflict("setup.over")
        wait = pause_left(row.attempts, row.attempted_at, now)
        if wait:
            raise Forbidden("setup.too_many", seconds=wait)
        row.attempts, row.attempted_at = row.attempts + 1, now
        await row.save()
    is_right = (
        await asyncio.to_thread(people.hasher.verify, plain_code(code), row.code_hash) if row.code_hash else False
    )
    if not is_right or row.code_made_at is None:
        log.warning("a wrong set-up code was tried from %s", address or "an unknown address")
        left = attempts_left(row.attempts)
        raise Forbidden("setup.bad_code", left=left) if left else Forbidden("setup.too_many", seconds=60)
    async with transaction():
        await SetUp.filter(id=_ROW, code_made_at=row.code_made_at).update(attempts=0, attempted_at=None)
    made_at: datetime = row.code_made_at
    return made_at


async def add_administrator(
    new: FirstAdministrator, actor: Actor, now: datetime, program: str = ""
) -> tuple[Person, str]:
    """Make the first account, which ends the set-up by code, and sign it in: of two at once one wins. Returns the
    person and the secret of the session; ``program`` is what it is called.

    Raises Invalid for what its ``faults`` tell, Conflict("setup.over").
    """
    _check(new.faults())
    password_hash = await asyncio.to_thread(people.hasher.hash, new.password)
    await _make_row()
    async with transaction():
        row = await _locked()
        person = await _open(row, new, password_hash, actor, now)
        return person, await people.begin_session(person.id, actor.address, program, now)


async def _open(row: SetUp, new: FirstAdministrator, password_hash: str, actor: Actor, now: datetime) -> Person:
    if await has_people():
        raise Conflict("setup.over")
    person = await people.open_account(new.login, new.name, Role.ADMIN, password_hash, actor, now)
    row.code_hash, row.finished_at = "", now
    await row.save()
    return person


async def add_site(new: NewSite, actor: Actor, now: datetime) -> Site:
    """Add the office's site. Raises as :func:`registry.rooms.places.open_site`."""
    async with transaction() as change:
        site = await open_site(new, actor, now)
        change.happened(OfficeChanged())
        change.happened(PlacesChanged())
    return site


async def add_building(new: NewBuilding, site_id: int, actor: Actor, now: datetime) -> Building:
    """Add a building. Raises as :func:`registry.rooms.places.open_building`."""
    async with transaction() as change:
        change.happened(PlacesChanged())
        return await open_building(new, site_id, actor, now)


async def add_room(new: NewRoom, building_id: int, actor: Actor, now: datetime) -> Room:
    """Add a room. Raises as :func:`registry.rooms.places.open_room`."""
    async with transaction() as change:
        change.happened(PlacesChanged())
        return await open_room(new, building_id, actor, now)


async def set_up(whole: WholeSetUp, actor: Actor, now: datetime) -> Person:
    """Set an empty register up, all or nothing. Raises as the parts do."""
    for faults in (whole.administrator.faults(), whole.site.faults(), whole.building.faults()):
        _check(faults)
    for room in whole.rooms:
        _check(room.faults())
    password_hash = await asyncio.to_thread(people.hasher.hash, whole.administrator.password)
    settings = await _as_stored(whole.settings)
    await _make_row()
    async with transaction() as change:
        row = await _locked()
        person = await _open(row, whole.administrator, password_hash, actor, now)
        await _store(settings, actor, now, change)
        site = await open_site(whole.site, actor, now)
        building = await open_building(whole.building, site.id, actor, now)
        for room in whole.rooms:
            await open_room(room, building.id, actor, now)
        change.happened(PlacesChanged())
    return person


async def change_settings(values: Mapping[str, str | SecretText | None], actor: Actor, now: datetime) -> None:
    """Store these settings of the office, None for one that goes back to where it came from. Whether a value fits is
    the caller's to check: it knows what each setting is. A secret is stored encrypted, and the history tells only that
    it was changed. Raises Invalid("settings.password_again") where the mail server's would go to another server.
    """
    settings = await _as_stored(values)
    await _make_row()
    async with transaction() as change:
        await _locked()  # of two who press the button at once one waits
        await _store(settings, actor, now, change)


async def put_off(step: FirstStep, is_put_off: bool, actor: Actor, now: datetime) -> None:
    """Leave a step of the first weeks for later, or take it up again."""
    await _make_row()
    async with transaction():
        row = await _locked()
        steps = [one for one in row.put_off if one != step] + ([str(step)] if is_put_off else [])
        row.put_off = steps
        await row.save()
        action = "step put off" if is_put_off else "step taken up"
        await history.write(OFFICE, action, actor, now, after={"step": str(step)})


async def _as_stored(values: Mapping[str, str | SecretText | None]) -> dict[str, StoredSetting | None]:
    """Settings as their rows hold them. The library that encrypts is loaded for the first secret, beside the loop."""
    return {
        name: StoredSetting(await asyncio.to_thread(encrypted, value), True)
        if isinstance(value, SecretText)
        else value
        if value is None
        else StoredSetting(value)
        for name, value in values.items()
    }


async def _store(settings: Mapping[str, StoredSetting | None], actor: Actor, now: datetime, change: Change) -> None:
    names = [*settings, *MAIL_SERVER, MAIL_PASSWORD]
    rows = {row.name: StoredSetting(row.value, row.is_secret) for row in await OfficeSetting.filter(name__in=names)}
    texts = {name: row.value for name, row in rows.items()}
    if is_password_asked(texts, {name: one and one.value for name, one in settings.items()}):
        raise Invalid("settings.password_again")
    after = {name: one for name, one in settings.items() if one != rows.get(name)}
    if not after:
        return
    await OfficeSetting.filter(name__in=list(after)).delete()
    await OfficeSetting.bulk_create(
        OfficeSetting(name=name, value=one.value, is_secret=one.is_secret, changed_at=now)
        for name, one in after.items()
        if one is not None
    )
    words = {name: history_words(rows.get(name), one) for name, one in after.items()}
    before_words, after_words = ({name: pair[side] for name, pair in words.items()} for side in (0, 1))
    await history.write(OFFICE, "settings changed", actor, now, before=before_words, after=after_words)
    change.happened(OfficeChanged())


async def _make_row() -> None:
    """The one row, made by the first who needs it; of two at once one makes it."""
    if not await SetUp.filter(id=_ROW).exists():
        try:
            async with transaction():
                await SetUp.create(id=_ROW)
        except IntegrityError:
            log.debug("another was quicker to begin the set-up")


async def _locked() -> SetUp:
    """The one row, which nobody else changes until this transaction is over."""
    return await SetUp.select_for_update().get(id=_ROW)


def _check(faults: Mapping[str, Refusal]) -> None:
    for fault in faults.values():
        raise fault
