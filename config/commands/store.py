"""Commands of what is stored: its copies, and whether its history is whole."""

from pathlib import Path
from typing import Annotated, Any

import typer

from config.commands.terminal import in_register, reason_words, run, sentence
from config.settings import Settings, load
from config.single_server import alone
from registry.core.clock import utc_now
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
    """Walk the hash chain, its seals, and each object beside its last entry. Exit 1 and the first that is not whole."""
    from registry.core import seals
    from registry.exporting.history_check import first_divergence

    async def walk() -> tuple[int, Any, Any, bool, bool, Any, int]:
        walked, broken = await seals.verify()
        newest, is_sealed = await seals.newest_seal(), await seals.is_sealed(seal.strip().lower())
        are_gone, unused = await seals.are_seals_gone(utc_now()), await seals.unused_numbers()
        return walked, broken, newest, is_sealed, are_gone, await first_divergence(), unused

    settings = load()
    walked, broken, newest, is_sealed, are_gone, divergence, unused = in_register(settings, walk)
    if broken is not None:
        raise typer.Exit(_tell_broken(broken, walked, settings))
    if seal and not is_sealed:
        print(
            sentence(
                N_("This seal is not in the history: it was built anew, or the seal is another register's."), settings
            )
        )
        raise typer.Exit(1)
    if divergence is not None:
        text = N_("{name} is otherwise than its history says: {column}. It, or the end of its history, was altered.")
        column = divergence.column or Reason(N_("one of the two is missing"))
        print(sentence(text, settings, name=divergence.object, column=column))
        raise typer.Exit(1)
    if are_gone:
        text = N_(
            "The seals are gone: they were removed, or no server ran for days. The next one that runs seals anew."
        )
        print(sentence(text, settings))
        raise typer.Exit(1)
    print(sentence(N_("{walked} entries, all whole."), settings, walked=walked))
    if unused:
        text = N_(
            "{count} numbers of entries since the last seal are not there. An act that was taken back leaves such a "
            "gap, and so does an entry that was removed with all of its object."
        )
        print(sentence(text, settings, count=unused))
    if newest:
        moment = seals.moment_of(newest.day, newest.hour)
        print(sentence(N_("Seal of {moment}, to keep elsewhere: {seal}"), settings, moment=moment, seal=newest.hash))
    else:
        text = N_("There is no seal yet: the server seals every hour. Until then nothing shows that its end is whole.")
        print(sentence(text, settings))


def _moment(broken: Any) -> str:
    from registry.core.seals import moment_of

    return moment_of(broken.day, broken.hour) if hasattr(broken, "day") else ""


def _tell_broken(broken: Any, walked: int, settings: Settings) -> int:
    seal = Reason(N_("the seal of {moment}"), moment=_moment(broken))
    name, seq = getattr(broken, "object", seal), getattr(broken, "seq", broken.id)
    text = N_("Altered: {name}, entry {seq}. {walked} entries before it are whole.")
    print(sentence(text, settings, name=name, seq=seq, walked=walked))
    return 1


def backup(file: Path) -> None:
    """A copy of the database and its files while it runs."""
    from config.backups import back_up

    settings = load()
    print(reason_words(run(back_up(settings, file)), settings))


def restore(file: Path) -> None:
    """Put a copy in the database's place, after checking it. Stop the server first."""
    from config.backups import put_back

    settings = load()
    with alone(settings):  # a server would go on writing into the database that was moved away
        print(reason_words(run(put_back(settings, file)), settings))
