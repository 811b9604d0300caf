"""Commands of what is stored: its copies, and whether its history is whole."""

from pathlib import Path
from typing import Annotated, Any

import typer

from config.commands.terminal import in_register, reason_words, run, sentence
from config.settings import Settings, load
from config.single_server import alone
from registry.core.errors import N_, Reason

verify = typer.Typer(no_args_is_help=True, help="Checks of what is stored.")


def add_to(app: typer.Typer) -> None:
    """Hang these commands on the root."""
    app.add_typer(verify, name="verify")
    app.command()(backup)
    app.command()(restore)


@verify.command("history")
def verify_history(
    seal: Annotated[str, typer.Option(help="A seal that this command told before and that was kept elsewhere.")] = "",
) -> None:
    """Walk the hash chain. Exit 1 and the first broken link if it was altered, or if the seal is not in it."""
    from registry.core import seals

    async def walk() -> tuple[int, Any, Any, bool]:
        return *await seals.verify(), await seals.newest_seal(), await seals.is_sealed(seal.strip().lower())

    settings = load()
    walked, broken, newest, is_sealed = in_register(settings, walk)
    if broken is not None:
        raise typer.Exit(_tell_broken(broken, walked, settings))
    if seal and not is_sealed:
        print(
            sentence(
                N_("This seal is not in the history: it was built anew, or the seal is another register's."), settings
            )
        )
        raise typer.Exit(1)
    print(sentence(N_("{walked} entries, all whole."), settings, walked=walked))
    if newest:
        print(sentence(N_("Seal of {day}, to keep elsewhere: {seal}"), settings, day=newest.day, seal=newest.hash))


def _tell_broken(broken: Any, walked: int, settings: Settings) -> int:
    seal = Reason(N_("the seal of {day}"), day=getattr(broken, "day", ""))
    name, seq = getattr(broken, "object", seal), getattr(broken, "seq", broken.id)
    text = N_("Altered: {name}, entry {seq}. {walked} entries before it are whole.")
    print(sentence(text, settings, name=name, seq=seq, walked=walked))
    return 1


def backup(file: Path) -> None:
    """A copy of the database while it runs."""
    from config.backups import back_up

    settings = load()
    print(reason_words(run(back_up(settings, file)), settings))


def restore(file: Path) -> None:
    """Put a copy in the database's place, after checking it. Stop the server first."""
    from config.backups import put_back

    settings = load()
    with alone(settings):  # a server would go on writing into the database that was moved away
        print(reason_words(run(put_back(settings, file)), settings))
