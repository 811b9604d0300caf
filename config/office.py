"""The settings in force: what the environment and the file say, and where they say nothing, what the office has set
from its pages.
"""

import logging
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError

from config.settings import Settings
from devices.codecs import FAMILIES
from registry.assets import policy as account_policy
from registry.core import events
from registry.core.events import Event, OfficeChanged
from registry.office.queries import first_site, office_settings
from registry.people import policy as sign_in_policy
from web.app import DataProtection, Declaration, DemoAccount, SiteOptions, renew

log = logging.getLogger(__name__)

# what an office sets from its pages; all else is the operator's, who has the machine
OF_THE_OFFICE = frozenset({
    "language", "funding", "office_name", "office_address", "office_access", "contact_name", "contact_email",
    "contact_phone", "privacy_contact", "privacy_notice", "log_level", "session_hours", "sign_in_attempts",
    "sign_in_window_minutes", "fixed_asset_above", "quantity_only_below", "furniture_at_once", "furniture_kst",
    "furniture_categories", "accountant_alone",
})  # fmt: skip


def value_of(name: str, text: str) -> Any:
    """A setting's value, out of the text that the environment would bring. Raises pydantic's ValidationError."""
    field = Settings.model_fields[name]
    kind: Any = Annotated[field.annotation, *(field.metadata or [field])]
    return TypeAdapter(kind).validate_python(text)


def with_office(settings: Settings, values: Mapping[str, str]) -> Settings:
    """The settings with what the office set. What the environment or the file sets wins; what fits no more, since a
    newer Izba reads it, is left out and told.
    """
    update: dict[str, Any] = {}
    for name in sorted(OF_THE_OFFICE & values.keys() - settings.model_fields_set):
        try:
            update[name] = value_of(name, values[name])
        except ValidationError:
            log.warning("the office's setting %s fits no more: its default is in force", name)
    return settings.model_copy(update=update)


async def in_force(settings: Settings) -> Settings:
    """The settings with what the office set, from the open register."""
    return with_office(settings, await office_settings())


def use(settings: Settings) -> None:
    """Let the open register go by these settings."""
    account_policy.use(settings.account_policy)
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


def follow(app: FastAPI, settings: Settings, accounts: tuple[DemoAccount, ...]) -> Callable[[], None]:
    """Let the site and the register go by what the office sets, from now on. ``settings`` are those without the
    office's. Returns what ends it.
    """

    async def changed(event: Event) -> None:
        if isinstance(event, OfficeChanged):
            now_in_force = await in_force(settings)
            use(now_in_force)
            logging.getLogger().setLevel(now_in_force.log_level)
            app.state.in_force = now_in_force
            renew(app, await site_options(now_in_force, accounts))

    return events.on(changed)
