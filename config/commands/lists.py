"""Commands that move lists in and out."""

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from config.commands.terminal import ACTOR, run
from config.settings import load
from registry.core.clock import utc_now
from registry.core.errors import Invalid, Unavailable, system_reason


def add_to(app: typer.Typer) -> None:
    """Hang these commands on the root."""
    app.command("import")(import_file)
    app.command()(export)


def import_file(
    file: Path,
    kind: Annotated[str | None, typer.Option(help="assets, rooms or people. Default: what the columns say.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
) -> None:
    """Read a list: CSV, TXT, XLSX, XLS, ODS. Exit 0 all written, 1 some rows refused, 2 nothing could be read."""
    from config.app import register
    from registry.importing.lists import import_list
    from web.kit.i18n import translate

    settings = load()

    async def work() -> Any:
        async with register(settings):
            return await import_list(file, kind, dry_run=dry_run, actor=ACTOR, now=utc_now(), problems_only=not as_json)

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
    """Write a list with the headers that the import takes."""
    from config.app import register
    from registry.exporting.lists import exported

    if what not in ("assets", "bookings", "history"):
        raise Invalid("export.unknown", given=what, known="assets, bookings, history")
    if format_ not in ("csv", "xlsx"):
        raise Invalid("export.unknown", given=format_, known="csv, xlsx")
    settings = load()

    async def work() -> bytes:
        async with register(settings):
            return await exported(what, format_)

    content = run(work())
    if out is None:
        sys.stdout.buffer.write(content)
    else:
        try:
            out.write_bytes(content)
        except OSError as fault:
            raise Unavailable("file.not_written", path=str(out), reason=system_reason(fault)) from fault


def csv_lines(rows: Iterable[Iterable[Any]]) -> str:
    """Rows for Excel in Polish: semicolons and CRLF."""
    from io import StringIO

    out = StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return out.getvalue()
