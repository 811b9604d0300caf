"""Commands that move data in and out, and what all commands share."""

import csv
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import structlog
import typer

from config.settings import Settings, load
from registry.core.errors import Invalid, NotFound, Refusal, Unavailable, system_reason
from registry.core.history import Actor

ACTOR = Actor(name="izba", source="cli")
devices = typer.Typer(no_args_is_help=True, help="Sensors and panels.")


def add_to(app: typer.Typer) -> None:
    """Hang these commands on the root."""
    app.command("import")(import_file)
    app.command()(export)
    app.command("broker-config")(broker_config)
    app.add_typer(devices, name="devices")


def log_to_console(settings: Settings) -> None:
    """Log lines to standard error, as text or as JSON."""
    # a rich traceback would print local variables, and with them tokens and what people typed
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer: Any = structlog.processors.JSONRenderer() if settings.log_json else plain
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.format_exc_info] if settings.log_json else []),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for quiet in ("apscheduler", "tortoise", "asyncio", "uvicorn.error"):
        logging.getLogger(quiet).setLevel(logging.WARNING)


async def faults(settings: Settings) -> list[Refusal]:
    """What keeps this configuration from working: ports, database, migrations."""
    from config.database import database, pending
    from config.serving import claim_port
    from devices.broker.embedded import EmbeddedBroker

    found: list[Refusal] = []
    try:
        claim_port(settings.host, settings.port).close()
    except Refusal as refusal:
        found.append(refusal)
    try:
        if settings.embedded_broker:
            EmbeddedBroker(settings.mqtt_port).check_ports()
    except Refusal as refusal:
        found.append(refusal)
    try:
        async with database(settings.database_url.get_secret_value()) as context:
            await pending(context)
    except Refusal as refusal:
        found.append(refusal)
    return found


def import_file(
    file: Path,
    kind: Annotated[str | None, typer.Option(help="assets, rooms or people. Default: what the columns say.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
) -> None:
    """Read a list: CSV, TXT, XLSX, XLS, ODS. Exit 0 all written, 1 some rows refused, 2 nothing could be read."""
    from config.app import register
    from config.commands.root import run
    from registry.importing.whole import import_list
    from web.kit.i18n import translate

    settings = load()

    async def work() -> Any:
        async with register(settings):
            return await import_list(
                file, kind, dry_run=dry_run, actor=ACTOR, now=datetime.now(UTC), problems_only=not as_json
            )

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
    from config.commands.root import run
    from config.exporting import exported

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


def broker_config(broker: Annotated[str, typer.Argument(help="mosquitto")]) -> None:
    """A complete, commented configuration with dynamic security, and the steps."""
    from devices.broker.mosquitto import configuration

    if broker != "mosquitto":
        raise Invalid("export.unknown", given=broker, known="mosquitto")
    settings = load()
    typer.echo(configuration(settings.mqtt_prefix, settings.mqtt_families))


@devices.command("decode")
def decode(
    topic: Annotated[str, typer.Option(help="The topic that the payload came on.")] = "",
    retained: Annotated[bool, typer.Option("--retained", help="It was kept by the broker.")] = False,
    bind: Annotated[list[str] | None, typer.Option(help="key=value: which key is occupancy, …")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="A file of messages, one JSON object a line.")] = None,
) -> None:
    """What Izba understands of a message on standard input, one JSON line each."""
    from devices.decode import decode_kept, decode_line

    if jsonl is not None and not jsonl.is_file():
        raise NotFound("import.no_file", file=str(jsonl))
    binding = dict(_pair(text) for text in bind or [])
    if jsonl is None:
        told = [decode_line(topic, sys.stdin.buffer.read(), retained, binding)]
    else:
        told = [decode_kept(line, binding) for line in jsonl.read_bytes().splitlines() if line.strip()]
    for one in told:
        sys.stdout.buffer.write(orjson.dumps(one, default=str) + b"\n")


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value


def csv_lines(rows: Iterable[Iterable[Any]]) -> str:
    """Rows for Excel in Polish: semicolons and CRLF."""
    from io import StringIO

    out = StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return out.getvalue()
