"""The command ``izba``. Faults are one line and exit 2; what a command prints for programs is JSON."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from config.commands import data
from config.settings import BadSettings, Settings, load
from config.settings import language as settings_language
from config.single_server import alone
from registry.core.errors import N_, Reason, Refusal, words
from registry.core.history import Actor

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
users = typer.Typer(no_args_is_help=True, help="Accounts.")
tokens = typer.Typer(no_args_is_help=True, help="Keys for programs.")
verify = typer.Typer(no_args_is_help=True, help="Checks of what is stored.")
app.add_typer(users, name="users")
app.add_typer(tokens, name="tokens")
app.add_typer(verify, name="verify")
data.add_to(app)

ACTOR = Actor(name="izba", source="cli")
FUNDING = (
    "Projekt PL/2020/PR/0111 dofinansowany ze środków Funduszu Bezpieczeństwa Wewnętrznego (75 %). "
    "Beneficjent: Wojewoda Kujawsko-Pomorski."
)


def main() -> None:
    """The entry point: every refusal becomes one line and exit 2."""
    try:
        app()
    except BadSettings as bad:
        for refusal in bad.refusals:
            print(said(refusal), file=sys.stderr)
        sys.exit(2)
    except Refusal as refusal:
        print(said(refusal), file=sys.stderr)
        sys.exit(2)


def said(refusal: Refusal, language: str = "") -> str:
    """A refusal in the site's language, in one line."""
    from web.kit.i18n import translate  # the catalogues are read only when there is something to say

    return words(refusal.code, refusal.params, translate(language or settings_language()))


def told(text: str, settings: Settings, **params: Any) -> str:
    """A sentence of a command in the site's language."""
    return in_words(Reason(text, **params), settings)


def in_words(reason: Reason, settings: Settings) -> str:
    """As ``told``, of words that another part chose."""
    from web.kit.i18n import translate

    return reason.said(translate(settings.language))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run the command's coroutine on the fast loop."""
    import uvloop

    return uvloop.run(work)


def in_register(settings: Settings, work: Callable[[], Awaitable[Any]]) -> Any:
    """Run ``work`` with the register open."""
    from config.app import register

    async def opened() -> Any:
        async with register(settings):
            return await work()

    return run(opened())


@app.command()
def demo(
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew: forget what the demo holds.")] = False,
    simulator: Annotated[bool, typer.Option(help="Simulated sensors. Without them, sensors are yours.")] = True,
) -> None:
    """The Help Point with today's bookings, the embedded broker, simulated sensors and the web, on loopback."""
    from config.demo.prepare import unfinished

    settings = load(host="127.0.0.1", funding=FUNDING)
    data.log_to_console(settings)
    with alone(settings):
        if fresh or unfinished(settings).exists():
            _forget(settings)
        run(_serve(settings, is_demo=True, simulator=simulator))


@app.command()
def serve() -> None:
    """The production server."""
    settings = load()
    data.log_to_console(settings)
    with alone(settings):
        run(_serve(settings, is_demo=False, simulator=False))


def _forget(settings: Settings) -> None:
    for name in ("izba.sqlite3", "izba.sqlite3-wal", "izba.sqlite3-shm", "demo.json", "demo.unfinished"):
        (settings.data_dir / name).unlink(missing_ok=True)


async def _serve(settings: Settings, *, is_demo: bool, simulator: bool) -> None:
    from config.app import devices_of, register, running
    from config.serving import claim_port, serve

    gc.disable()  # until everything stands: the collector would walk it seven times while it is built
    claimed, devices = claim_port(settings.host, settings.port), devices_of(settings, simulator)
    devices.claim_ports()
    async with register(settings) as context:
        if is_demo:
            from config.demo.prepare import prepare

            await prepare(settings, datetime.now(UTC), is_lively=simulator)
        async with running(settings, context, devices, simulator=simulator) as site:
            if is_demo:  # who is told that it is ready may speak to the broker at once
                await site.state.devices.wait_until_connected(5)
            await serve(site, claimed, settings, lambda: _tell_ready(settings, is_demo))


def _tell_ready(settings: Settings, is_demo: bool) -> None:
    print(f"Izba is ready: {settings.base_url}", flush=True)
    if is_demo:
        file = settings.data_dir / "demo.json"
        print(told(N_("Accounts, tokens and door panels are in {file}"), settings, file=file), flush=True)


@app.command()
def migrate() -> None:
    """Bring the database up to date. Safe when several start at once."""
    settings = load()
    in_register(settings, lambda: asyncio.sleep(0))
    print(told(N_("The database is up to date."), settings))


@app.command()
def check() -> None:
    """Every fault of the configuration at once, each with what to do."""
    settings = load()
    found = run(data.faults(settings))
    for refusal in found:
        print(said(refusal, settings.language), file=sys.stderr)
    if found:
        raise typer.Exit(2)
    print(told(N_("No faults found."), settings))


@users.command("add")
def users_add(
    login: str,
    role: Annotated[str, typer.Option(help="member, duty, coordinator, facilities, accountant, auditor or admin")],
    name: Annotated[str, typer.Option(help="What people read. Default: the login.")] = "",
    institution: Annotated[str, typer.Option(help="The code of the institution.")] = "",
    password: Annotated[str, typer.Option(help="Asked for when left out.", show_default=False)] = "",
) -> None:
    """Open an account. Asks for a password when there is a terminal; without one only tokens work."""
    from registry.people.actions import add_person

    settings = load()
    if not password and sys.stdin.isatty():
        password = typer.prompt(told(N_("Password"), settings), hide_input=True, confirmation_prompt=True)
    now = datetime.now(UTC)
    in_register(
        settings,
        lambda: add_person(login, name or login, role, institution or None, password or None, ACTOR, now),
    )
    print(told(N_("Added {login}."), settings, login=login))


@tokens.command("add")
def tokens_add(login: str, name: Annotated[str, typer.Option(help="What the token is for.")]) -> None:
    """Make a token. It is printed once and kept nowhere."""
    from registry.people.actions import issue_token

    settings = load()
    now = datetime.now(UTC)
    print(in_register(settings, lambda: issue_token(login, name, ACTOR, now)))


@verify.command("history")
def verify_history(
    seal: Annotated[str, typer.Option(help="A seal that this command told before and that was kept elsewhere.")] = "",
) -> None:
    """Walk the hash chain. Exit 1 and the first broken link if it was altered, or if the seal is not in it."""
    from registry.core import history

    async def walk() -> tuple[int, Any, Any, bool]:
        return *await history.verify(), await history.newest_seal(), await history.is_sealed(seal.strip().lower())

    settings = load()
    walked, broken, newest, is_sealed = in_register(settings, walk)
    if broken is not None:
        raise typer.Exit(_tell_broken(broken, walked, settings))
    if seal and not is_sealed:
        print(
            told(N_("This seal is not in the history: it was built anew, or the seal is another register's."), settings)
        )
        raise typer.Exit(1)
    print(told(N_("{walked} entries, all whole."), settings, walked=walked))
    if newest:
        print(told(N_("Seal of {day}, to keep elsewhere: {seal}"), settings, day=newest.day, seal=newest.hash))


def _tell_broken(broken: Any, walked: int, settings: Settings) -> int:
    seal = Reason(N_("the seal of {day}"), day=getattr(broken, "day", ""))
    name, seq = getattr(broken, "object", seal), getattr(broken, "seq", broken.id)
    sentence = N_("Altered: {name}, entry {seq}. {walked} entries before it are whole.")
    print(told(sentence, settings, name=name, seq=seq, walked=walked))
    return 1


@app.command()
def backup(file: Path) -> None:
    """A copy of the database while it runs."""
    from config.backups import back_up

    settings = load()
    print(in_words(run(back_up(settings, file)), settings))


@app.command()
def restore(file: Path) -> None:
    """Put a copy in the database's place, after checking it. Stop the server first."""
    from config.backups import put_back

    settings = load()
    with alone(settings):  # a server would go on writing into the database that was moved away
        print(in_words(run(put_back(settings, file)), settings))
