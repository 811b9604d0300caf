"""Commands of devices: the configuration of a broker, and what Izba understands of a message."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import orjson
import typer

from config.settings import load
from registry.core.clock import utc_now
from registry.core.errors import Invalid, NotFound

LONGEST_MESSAGE = 4 * 1024 * 1024
devices = typer.Typer(no_args_is_help=True, help="Sensors and panels.")


def add_to(app: typer.Typer) -> None:
    """Hang these commands on the root."""
    app.command("broker-config")(broker_config)
    app.add_typer(devices, name="devices")


def broker_config(broker: Annotated[str, typer.Argument(help="mosquitto")]) -> None:
    """A complete, commented configuration with dynamic security, and the steps."""
    from devices.broker.mosquitto import configuration, place_of

    if broker != "mosquitto":
        raise Invalid("export.unknown", given=broker, known="mosquitto")
    settings = load()
    place = place_of("" if settings.embedded_broker else settings.mqtt_url, settings.mqtt_username)
    typer.echo(configuration(settings.mqtt_prefix, settings.mqtt_families, place, settings.mqtt_zigbee2mqtt_bases))


@devices.command("decode")
def decode(
    topic: Annotated[str, typer.Option(help="The topic that the payload came on.")] = "",
    retained: Annotated[bool, typer.Option("--retained", help="It was kept by the broker.")] = False,
    bind: Annotated[list[str] | None, typer.Option(help="key=value: which key is occupancy, …")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="A file of messages, one JSON object a line.")] = None,
) -> None:
    """What Izba understands of a message on standard input, one JSON line each."""
    from devices.codecs import decode_line, decode_sample

    if jsonl is not None and not jsonl.is_file():
        raise NotFound("import.no_file", file=str(jsonl))
    now, binding = utc_now(), dict(_binding(text) for text in bind or [])
    for message in _lines_of(jsonl) if jsonl else [sys.stdin.buffer.read(LONGEST_MESSAGE)]:
        meaning = decode_sample(message, binding, now) if jsonl else decode_line(topic, message, retained, binding, now)
        sys.stdout.buffer.write(orjson.dumps(meaning, default=str) + b"\n")


def _lines_of(path: Path) -> Iterator[bytes]:
    """A line at a time: the file may be of any length."""
    with path.open("rb") as file:
        while line := file.readline(LONGEST_MESSAGE):
            if line.strip():
                yield line.rstrip(b"\r\n")


def _binding(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value
