"""Commands that run Izba: the demo, the server, migrations, and the check of the settings."""

import asyncio
import gc
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from config.commands.setting_up import setup_code, tell_code
from config.commands.terminal import in_register, log_to_console, refusal_line, run, sentence
from config.settings import Settings, load
from config.single_server import alone
from registry.core.clock import SteadyClock
from registry.core.errors import N_, Refusal

if TYPE_CHECKING:
    from web.app import DemoAccount

FUNDING = (
    "Projekt PL/2020/PR/0111 dofinansowany ze środków Funduszu Bezpieczeństwa Wewnętrznego (75 %). "
    "Beneficjent: Wojewoda Kujawsko-Pomorski."
)


LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def add_to(app: typer.Typer) -> None:
    """Hang these commands on the root."""
    for command in (demo, serve, migrate, check):
        app.command()(command)


def demo(
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew: forget what the demo holds.")] = False,
    simulator: Annotated[bool, typer.Option(help="Simulated sensors. Without them, sensors are yours.")] = True,
) -> None:
    """The Help Point with today's bookings, the embedded broker, simulated sensors and the web, on loopback."""
    from config.demo.prepare import unfinished

    settings = load(host="127.0.0.1", funding=FUNDING)
    log_to_console(settings)
    with alone(settings):
        if fresh or unfinished(settings).exists():
            _forget(settings)
        run(_serve(settings, is_demo=True, simulator=simulator))


def serve() -> None:
    """The production server."""
    settings = load()
    log_to_console(settings)
    with alone(settings):
        run(_serve(settings, is_demo=False, simulator=False))


def _forget(settings: Settings) -> None:
    for name in ("izba.sqlite3", "izba.sqlite3-wal", "izba.sqlite3-shm", "demo.json", "demo.unfinished"):
        (settings.data_dir / name).unlink(missing_ok=True)


async def _serve(settings: Settings, *, is_demo: bool, simulator: bool) -> None:
    gc.disable()  # until everything stands: the collector would walk it again and again while it is read and built

    from config.app import devices_of, register, running
    from config.connections import raise_descriptor_limit
    from config.serving import claim_port, serve

    raise_descriptor_limit()
    clock = SteadyClock()
    claimed, devices = claim_port(settings.host, settings.port), devices_of(settings, simulator, clock)
    devices.claim_ports()
    async with register(settings) as context:
        accounts = await _demo(settings, clock(), simulator) if is_demo else ()
        code = "" if is_demo else await setup_code(clock())
        async with running(settings, context, devices, simulator=simulator, clock=clock, accounts=accounts) as site:
            if is_demo:  # who is told that it is ready may speak to the broker at once
                await site.state.devices.wait_until_connected(5)
            await serve(site, claimed, settings, lambda: _tell_ready(settings, is_demo, code))


async def _demo(settings: Settings, now: datetime, is_lively: bool) -> "tuple[DemoAccount, ...]":
    """The demo laid around now, and one account of each role to be chosen on its sign-in page."""
    from config.demo.prepare import prepare
    from web.app import DemoAccount

    access = await prepare(settings, now, is_lively=is_lively)
    users = {user["role"]: user for user in access["users"]}
    return tuple(DemoAccount(user["login"], user["password"], user["role"]) for user in users.values())


def _tell_ready(settings: Settings, is_demo: bool, code: str) -> None:
    print(f"Izba is ready: {settings.base_url}", flush=True)
    if code:
        tell_code(settings, code)
    if is_demo:
        file = settings.data_dir / "demo.json"
        print(sentence(N_("Accounts, tokens and door panels are in {file}"), settings, file=file), flush=True)


def migrate() -> None:
    """Bring the database up to date. Safe when several start at once."""
    settings = load()
    in_register(settings, lambda: asyncio.sleep(0))
    print(sentence(N_("The database is up to date."), settings))


def check() -> None:
    """Every fault of the configuration at once, each with what to do."""
    settings = load()
    refusals = run(faults(settings))
    for refusal in refusals:
        print(refusal_line(refusal, settings.language), file=sys.stderr)
    if warning := proxy_warning(settings):
        print(sentence(warning, settings, host=settings.host, trusted=settings.trusted_proxies), file=sys.stderr)
    if refusals:
        raise typer.Exit(2)
    print(sentence(N_("No faults found."), settings))


def proxy_warning(settings: Settings) -> str:
    """What to say of a proxy in front that is not trusted; empty when there is none or it is. Without it everybody
    has the proxy's address, and their failed sign-ins count together.
    """
    trusted = {address.strip() for address in settings.trusted_proxies.split(",")}
    is_behind_proxy = settings.base_url.startswith("https://")
    is_on_network = settings.host not in LOOPBACK
    if is_behind_proxy and (not trusted - {""} or is_on_network and not trusted - LOOPBACK):
        return N_(
            "A proxy stands in front (IZBA_BASE_URL begins with https) and is not trusted: Izba listens on {host} and "
            "believes only {trusted}. Everybody has the proxy's address then. Set IZBA_TRUSTED_PROXIES to it."
        )
    return ""


async def faults(settings: Settings) -> list[Refusal]:
    """What keeps this configuration from working: ports, database, migrations, mail server, backups."""
    from config.database import database, pending
    from config.nightly import try_folder
    from config.office import in_force
    from config.sending.mail import MailServer, try_server
    from config.serving import claim_port
    from devices.broker.embedded import EmbeddedBroker

    refusals: list[Refusal] = []
    try:
        claim_port(settings.host, settings.port).close()
    except Refusal as refusal:
        refusals.append(refusal)
    try:
        if settings.embedded_broker:
            EmbeddedBroker(settings.mqtt_port).check_ports()
    except Refusal as refusal:
        refusals.append(refusal)
    try:
        async with database(settings.database_url.get_secret_value()) as context:
            if not await pending(context):
                settings = await in_force(settings)  # the mail server and the backups may be the office's
    except Refusal as refusal:
        refusals.append(refusal)
    try:
        if settings.smtp_host:
            await try_server(MailServer.of(settings))
    except Refusal as refusal:
        refusals.append(refusal)
    try:
        await try_folder(settings)
    except Refusal as refusal:
        refusals.append(refusal)
    return refusals
