"""Where a broker is and how it is spoken to."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from paho.mqtt.enums import MQTTProtocolVersion

V311, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5


@dataclass(frozen=True, slots=True)
class Address:
    """Where and how a broker is reached. ``password`` never shows in a log."""

    host: str
    port: int
    protocol: MQTTProtocolVersion
    tls: bool = False
    username: str = ""
    password: str = ""

    def __str__(self) -> str:
        version = "5" if self.protocol == V5 else "3.1.1"
        return f"{self.host}:{self.port} (MQTT {version})"


def without_secrets(url: str) -> str:
    """An address that may be shown: no name, no password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def addresses(url: str, username: str = "", password: str = "") -> tuple[Address, ...]:
    """MQTT 5 first, 3.1.1 where a broker refuses it. ``url`` is mqtt://[name:password@]host[:port] or mqtts://."""
    parts = urlsplit(url)
    tls = parts.scheme == "mqtts"
    port = parts.port or (8883 if tls else 1883)
    name = unquote(parts.username or "") or username
    secret = unquote(parts.password or "") or password
    return tuple(Address(parts.hostname or "", port, version, tls, name, secret) for version in (V5, V311))
