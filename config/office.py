"""The settings in force: what the environment and the file say, and where they say nothing, what the office has set
from its pages.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError

from config.settings import Settings, is_secret
from devices.codecs import FAMILIES
from registry.accounting.policy import use_rates
from registry.assets import policy as account_policy
from registry.core import events
from registry.core.ciphers import SecretText, decrypted
from registry.core.events import Event, OfficeChanged
from registry.office.queries import first_site, office_settings
from registry.office.rules import MAIL_PASSWORD, MAIL_SERVER
from registry.people import policy as sign_in_policy
from web.app import DataProtection, Declaration, DemoAccount, SiteOptions, renew

log = logging.getLogger(__name__)

# what an office sets from its pages, since whatever reads it follows at once; all else is the operator's, who has the
# machine
OF_THE_OFFICE = frozenset({
    "language", "funding", "union_words", "office_name", "office_address", "office_access", "contact_name",
    "contact_email", "contact_phone", "privacy_contact", "privacy_notice", "log_level", "session_hours",
    "sign_in_attempts", "sign_in_window_minutes", "fixed_asset_above", "quantity_only_below", "furniture_at_once",
    "furniture_kst", "furniture_categories", "depreciation_rates", "accountant_alone",
    *MAIL_SERVER, MAIL_PASSWORD, "smtp_from",
    "smtp_per_minute", "smtp_per_person", "notice_channels", "notice_days", "trace_days", "scan_days", "find_days",
    "backup_dir", "backup_hour", "backup_count",
})  # fmt: skip
# of these the machine sets all or none: its password is for its server alone
_TOGETHER = frozenset({"smtp_host", "smtp_user", MAIL_PASSWORD})


def value_of(name: str, text: str) -> Any:
    """A setting's value, out of the text that the environment would bring. Raises pydantic's ValidationError."""
    field = Settings.model_fields[name]
    kind: Any = Annotated[field.annotation, *(field.metadata or [field])]
    return TypeAdapter(kind).validate_python(text)


def stored_value(name: str, text: str | None, machine: Settings) -> str | SecretText | None:
    """A setting's text as the register takes it: a secret with the key that it is stored under."""
    if text is None or not is_secret(Settings.model_fields[name]):
        return text
    return SecretText(text, machine.secret_key.get_secret_value())


def open_to_office(machine: Settings) -> frozenset[str]:
    """The settings that the office sets from its pages: what the environment or the file sets wins."""
    of_machine = machine.model_fields_set
    return OF_THE_OFFICE - of_machine - ({*MAIL_SERVER, MAIL_PASSWORD} if _TOGETHER & of_machine else set())


def with_office(machine: Settings, values: Mapping[str, str]) -> Settings:
    """The settings with what the office set. What fits no more, since a newer Izba reads it, and a secret that was
    stored under another key, is left out and told.
    """
    update: dict[str, Any] = {}
    for name in sorted(open_to_office(machine) & values.keys()):
        try:
            update[name] = value_of(name, _text(name, values[name], machine))
        except ValidationError:
            log.warning("the office's setting %s fits no more: its default is in force", name)
        except ValueError:
            log.warning("the office's setting %s was stored under another secret key: it must be typed again", name)
    return machine.model_copy(update=update)


def _text(name: str, stored: str, machine: Settings) -> str:
    secret = is_secret(Settings.model_fields[name])
    return decrypted(stored, machine.secret_key.get_secret_value()) if secret else stored


async def in_force(machine: Settings) -> Settings:
    """The settings with what the office set, from the open register."""
    return (await OfficeSettings(machine).look()).now


class OfficeSettings:
    """What one process goes by: ``machine`` is what the environment and the file say, ``now`` that with what the office
    has set, as far as this process has looked; ``open`` are the names that the office may set, ``stored`` those of them
    that have a row.
    """

    def __init__(self, machine: Settings) -> None:
        self.machine = self.now = machine
        self.open = open_to_office(machine)
        self._rows: Mapping[str, str] = {}
        self.is_behind = False  # while the process does not go by ``now`` yet

    def __call__(self) -> Settings:
        """The settings in force now."""
        return self.now

    @property
    def stored(self) -> frozenset[str]:
        """The settings that the office has set and may set."""
        return self.open & self._rows.keys()

    async def look(self) -> "OfficeSettings":
        """Read what the office has set."""
        rows = await office_settings()
        if rows != self._rows:
            # a secret takes a library that is loaded beside the loop
            self.now, self._rows = await asyncio.to_thread(with_office, self.machine, rows), rows
        return self

    async def catch_up(self, now: datetime) -> None:
        """Repair what an event that was lost would have told."""
        if self.is_behind or await office_settings() != self._rows:
            await events.dispatch([OfficeChanged()])


def use(settings: Settings) -> None:
    """Let the open register go by these settings."""
    account_policy.use(settings.account_policy)
    use_rates(settings.depreciation_rates)
    sign_in_policy.use(settings.sign_in_rules)


async def site_options(settings: Settings, accounts: tuple[DemoAccount, ...] = ()) -> SiteOptions:
    """What the web needs to know, by the settings in force."""
    site = await first_site()
    return SiteOptions(
        secret_key=settings.secret_key.get_secret_value(),
        data_dir=settings.data_dir,
        base_url=settings.base_url,
        language=settings.language,
        timezone=site.timezone if site else "Europe/Warsaw",
        max_upload_bytes=settings.request_bytes,
        max_file_bytes=settings.file_bytes,
        version=version("izba"),
        families=tuple(FAMILIES),
        funding=settings.funding,
        union_words=settings.union_words,
        has_mail=bool(settings.smtp_host),
        channels=tuple(settings.channels),
        declaration=Declaration(
            entity=settings.office_name,
            address=settings.office_address,
            architecture=settings.office_access,
            contact_name=settings.contact_name,
            contact_email=settings.contact_email,
            contact_phone=settings.contact_phone,
        ),
        data_protection=DataProtection(settings.privacy_contact, settings.privacy_notice, *settings.kept_days),
        is_set_up_by_page=True,
        demo_accounts=accounts,
    )


def follow(app: FastAPI, office: OfficeSettings, accounts: tuple[DemoAccount, ...]) -> Callable[[], None]:
    """Let the site and the register go by what the office sets, from now on. Returns what ends it."""
    turn = asyncio.Lock()

    async def changed(event: Event) -> None:
        if isinstance(event, OfficeChanged):
            async with turn:  # of two changes the later one lasts
                office.is_behind = True
                await office.look()
                go_by(office.now)
                renew(app, await site_options(office.now, accounts))
                office.is_behind = False

    return events.on(changed)


async def begin(office: OfficeSettings) -> None:
    """Let a process that starts go by what the office has set before."""
    await office.look()
    if office.stored:
        go_by(office.now)


def go_by(settings: Settings) -> None:
    """Let this process go by these settings: what it counts by, and what is worth a log line."""
    use(settings)
    logging.getLogger().setLevel(settings.log_level)
