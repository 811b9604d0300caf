"""What a setting's text may be: each check returns the value, or raises ValueError with what to set instead."""

import re
import ssl
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from registry.accounting.rules import rates_in
from registry.assets.rules import dated
from registry.core.errors import N_, Reason
from registry.core.system_reasons import system_reason
from registry.outbox.rules import is_address

KEY_LENGTH = 32
PLACE = "{address}"
CLIENT_ID_BYTES = 64


def scheme_of(*allowed: str) -> AfterValidator:
    def check(value: str) -> str:
        if urlsplit(value).scheme not in allowed or "://" not in value:
            raise ValueError(
                Reason(N_("Let it begin with {schemes}."), schemes=", ".join(f"{one}://" for one in allowed))
            )
        return value

    return AfterValidator(check)


def database_address(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in ("sqlite", "postgres", "postgresql"):
        raise ValueError(Reason(N_("Let it begin with {schemes}."), schemes="sqlite://, postgres://"))
    if scheme != "sqlite" and not _names_a_database(url):
        raise ValueError(Reason(N_("Write it like postgres://user:password@host:5432/name.")))
    return SecretStr(f"postgres://{rest}") if scheme == "postgresql" else value


def _names_a_database(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.port != 0 and bool(parts.path.strip("/"))
    except ValueError:  # a port beyond 65535, or an address with an open bracket
        return False


def bucket_address(value: str) -> str:
    if value and (urlsplit(value).scheme != "s3" or not urlsplit(value).hostname):
        raise ValueError(Reason(N_("Set an address like s3://bucket/folder, or leave it empty.")))
    return value


def broker_address(value: str) -> str:
    if value == "embedded":
        return value
    if urlsplit(value).scheme not in ("mqtt", "mqtts") or not urlsplit(value).hostname:
        raise ValueError(Reason(N_("Set the word embedded, or an address like mqtt://host:1883 or mqtts://host:8883.")))
    return value


def topic_prefix(value: str) -> str:
    if not value or set(value) & set("+#/ ") or value.startswith("$"):
        raise ValueError(Reason(N_("Set one topic level: no / + # and no space in it, no $ at its beginning.")))
    return value


def topic_bases(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if set(value) & set("+#\0") or not all(value.split("/")) or value.startswith("$"):
            raise ValueError(
                Reason(N_("Set topics like zigbee2mqtt or office/zigbee: no + and # in them, no empty level."))
            )
    if not values:
        raise ValueError(Reason(N_("Set one at least; to read none of them, leave zigbee2mqtt out of the families.")))
    return values


def authority_file(path: str) -> str:
    if not path:
        return path
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ValueError(Reason(N_("Name a PEM file with BEGIN CERTIFICATE in it: this one holds none."))) from None
    except OSError as wrong:
        advice = N_("Name a file that Izba's account may read. Of this one the system says: {reason}.")
        raise ValueError(Reason(advice, reason=system_reason(wrong))) from wrong
    return path


def client_id(value: str) -> str:
    if len(value.encode()) > CLIENT_ID_BYTES or not value.isprintable():
        raise ValueError(Reason(N_("Set at most {most} printable characters."), most=CLIENT_ID_BYTES))
    return value


def mail_address(value: str) -> str:
    if value and not is_address(value):
        raise ValueError(Reason(N_("Set one mail address, like izba@urzad.example, and nothing around it.")))
    return value


def mail_host(value: str) -> str:
    is_plain = value.isprintable() and not set(value) & set("/@ ?#\\")
    if value and not (is_plain and (":" not in value or _is_ip(value)) and _may_be_looked_up(value)):
        raise ValueError(Reason(N_("Set the name of the server alone, like poczta.urzad.example, without its port.")))
    return value


def _may_be_looked_up(value: str) -> bool:
    try:
        value.encode("idna")  # as the system asks for it
    except UnicodeError:  # an empty part between two dots, or one of more than 63 letters
        return False
    return True


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def channel_pairs(value: SecretStr) -> SecretStr:
    for name, url in pairs_of(value.get_secret_value()):
        is_name = re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,39}", name) and name != "mail"
        if not is_name or "://" not in url or PLACE not in url:
            raise ValueError(Reason(N_("Write each like Signal=signal://host:8080/+48123456789/{address}, in a row.")))
    return value


def pairs_of(text: str) -> list[tuple[str, str]]:
    """Names and addresses out of NAME=ADDRESS, separated by blanks."""
    pairs = (word.partition("=") for word in text.split())
    return [(name, address) for name, _, address in pairs]


def web_address(value: str) -> str:
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise ValueError(Reason(N_("Let it begin with {schemes}."), schemes="https://, http://"))
    return value


def long_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < KEY_LENGTH:
        raise ValueError(Reason(N_("Set at least {least} characters."), least=KEY_LENGTH))
    return value


def words_in(value: Any) -> Any:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def amounts_in(value: Any) -> Any:
    try:
        return dated(str(value))
    except ValueError as fault:
        raise ValueError(
            Reason(N_("Set an amount, or some with the day each begins on: 3500, 2018-01-01=10000."))
        ) from fault


def yearly_rates_in(value: Any) -> Any:
    try:
        return rates_in(str(value))
    except ValueError as fault:
        advice = N_("Set percents by the beginning of a KŚT symbol, some with a day: 487: 30; 653: 10, 2028-01-01=14.")
        raise ValueError(Reason(advice)) from fault
