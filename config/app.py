"""The composition root: the register, the devices, the web and the timetable put together. At most 120 lines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from tortoise.context import TortoiseContext

from config.checks import checks
from config.contents import contents_of
from config.database import database, migrate
from config.desk import RunningDesk
from config.jobs import JobRuns, keep_time, timetable
from config.leader import lead
from config.notices import notices
from config.office import OfficeSettings, begin, follow, in_force, site_options, use
from config.settings import Settings
from devices.run import DeviceLayer
from registry.core import claims
from registry.core.clock import Clock, utc_now
from registry.core.errors import Refusal
from registry.files import contents
from web.app import DemoAccount, SiteOptions, create_site
from web.kit.i18n import translate
from web.routes import load_the_rest


def create_app(
    options: SiteOptions,
    settings: Settings,
    context: TortoiseContext,
    devices: DeviceLayer | None,
    clock: Clock = utc_now,
) -> FastAPI:
    """The web part over an open register, by this clock."""
    app = create_site(options, clock=clock)
    app.state.devices = devices
    app.state.inbox = devices.readings.inbox if devices else None
    app.state.checks = checks(context, devices, clock, settings)
    return app


def devices_of(settings: Settings, simulator: bool, clock: Clock = utc_now) -> DeviceLayer:
    return DeviceLayer(
        url=settings.broker_url,
        prefix=settings.mqtt_prefix,
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        ca_file=settings.mqtt_ca_file,
        client_id=settings.mqtt_client_id,
        families=settings.mqtt_families,
        bases=settings.mqtt_zigbee2mqtt_bases,
        embedded_port=settings.mqtt_port if settings.embedded_broker else None,
        secret_key=settings.secret_key.get_secret_value(),
        translate=translate(settings.language),
        simulator=simulator,
        clock=clock,
    )


@asynccontextmanager
async def register(settings: Settings) -> AsyncIterator[TortoiseContext]:
    """The register, open and up to date. Raises Refusal when it cannot be."""
    url = settings.database_url.get_secret_value()
    async with database(url) as context:
        await migrate(context, url)
        use(await in_force(settings))
        contents.use(contents_of(settings))
        yield context


@asynccontextmanager
async def running(
    settings: Settings,
    context: TortoiseContext,
    devices: DeviceLayer,
    *,
    simulator: bool = False,
    clock: Clock = utc_now,
    accounts: tuple[DemoAccount, ...] = (),
) -> AsyncIterator[FastAPI]:
    """Everything that runs beside the requests, started; stopped at the end in the reverse order."""
    url = settings.database_url.get_secret_value()
    runs, office = JobRuns(), OfficeSettings(settings)
    scheduler = timetable(office, simulator, clock, runs, lambda: devices.leads)
    devices.commands.translate = lambda text: translate(office.now.language)(text)
    async with notices(url):
        leading = asyncio.create_task(lead(url, devices.start, devices.stop))
        await begin(office)
        scheduler.start()
        beside = [asyncio.create_task(keep_time(scheduler)), asyncio.create_task(load_the_rest())]
        app = create_app(await site_options(office.now, accounts), settings, context, devices, clock)
        desk = app.state.desk = RunningDesk(office, scheduler, runs, clock)
        unfollow = follow(app, office, accounts)
        try:
            yield app
        finally:
            unfollow()
            await desk.stop()
            scheduler.shutdown(wait=False)
            await claims.stop()
            for task in (leading, *beside):
                task.cancel()
            failed = (await asyncio.gather(leading, *beside, return_exceptions=True))[0]
            if isinstance(failed, Refusal):
                raise failed
