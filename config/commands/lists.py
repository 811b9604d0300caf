"""Commands that move lists in and out."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any, BinaryIO

import orjson
import typer

from config.commands.terminal import ACTOR, in_register, run
from config.settings import load
from registry.core.clock import utc_now
from registry.core.errors import Unavailable
from registry.core.system_reasons import system_reason


def add_to(app: typer.Typer) -> None:
    """Hang these commands on the root."""
    app.command("import")(import_file)
    app.command()(export)


def import_file(
    file: Path,
    kind: Annotated[str | None, typer.Option(help="assets, rooms or people. Default: what the columns say.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
    number_unit: Annotated[
        str,
        typer.Option(help="New pieces without a number get the next ones of this unit. Default: they get none."),
    ] = "",
    keep: Annotated[
        list[str] | None,
        typer.Option(help="A column that changes nothing of pieces that are there, by its title. May be repeated."),
    ] = None,
) -> None:
    """Read a list: CSV, TXT, XLSX, XLS, ODS. Exit 0 all written, 1 some rows refused, 2 nothing could be read."""
    from config.app import register
    from registry.importing.lists import import_list
    from web.kit.i18n import translate

    settings = load()

    async def work() -> Any:
        async with register(settings):
            return await import_list(
                file, kind, dry_run=dry_run, actor=ACTOR, now=utc_now(), problems_only=not as_json,
                number_unit=number_unit, keep=keep or (),
            )  # fmt: skip

    report = run(work())
    if as_json:
        sys.stdout.buffer.write(
            orjson.dumps(report.as_json(translate(settings.language)), option=orjson.OPT_INDENT_2, default=str) + b"\n"
        )
    else:
        for line in report.lines(translate(settings.language)):
            typer.echo(line)
    raise typer.Exit(report.exit_code)


def export(
    what: Annotated[str, typer.Argument(help="assets, bookings or history")],
    format_: Annotated[str, typer.Option("--format", help="csv or xlsx")] = "csv",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="A file. Default: standard output.")] = None,
) -> None:
    """Write a list with the headers that the import takes; bookings come room by room."""
    from registry.exporting.lists import check_export, export_list

    check_export(what, format_)
    with TemporaryFile() as file:  # whole before anything of it is seen
        in_register(load(), lambda: export_list(what, format_, file))
        file.seek(0)
        _hand_over(file, out)


def _hand_over(file: BinaryIO, out: Path | None) -> None:
    if out is None:
        shutil.copyfileobj(file, sys.stdout.buffer)
        return
    try:
        with open(out, "wb") as copy:
            shutil.copyfileobj(file, copy)
    except OSError as fault:
        raise Unavailable("file.not_written", path=str(out), reason=system_reason(fault)) from fault
