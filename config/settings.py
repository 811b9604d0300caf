"""Everything an operator sets, each with its meaning. Read once at the start; all faults are told at once.

From the environment (``IZBA_PORT``), from ``izba.toml`` in the working directory (``port = 8000``), and for secrets
also from a file (``IZBA_SECRET_KEY_FILE``). The environment wins over the file.
"""

import difflib
import hashlib
import logging
import os
import secrets
import socket
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from config.faults import file_fault, setting_fault
from config.setting_values import (
    amounts_in,
    authority_file,
    broker_address,
    bucket_address,
    channel_pairs,
    client_id,
    database_address,
    long_key,
    mail_address,
    mail_host,
    pairs_of,
    scheme_of,
    topic_bases,
    topic_prefix,
    web_address,
    words_in,
    yearly_rates_in,
)
from registry.accounting.rules import DEFAULT_RATES, Rates
from registry.assets.policy import DEFAULT
from registry.assets.rules import AccountPolicy, Dated, fold
from registry.core.errors import N_, Invalid, Reason, Refusal, Unavailable, words
from registry.core.system_reasons import system_reason
from registry.people.policy import DEFAULT as SIGN_IN
from registry.people.rules import SignInRules
from web.kit.i18n import translate

log = logging.getLogger(__name__)

PREFIX = "IZBA_"
TOML = "izba.toml"
KEY_FILE = "secret.key"


def variable_of(name: str) -> str:
    """What a setting is called in the environment."""
    return f"{PREFIX}{name.upper()}"


class BadSettings(Exception):
    """The configuration has faults: ``refusals`` holds all of them, each with what to do."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("\n".join(str(refusal) for refusal in refusals))
        self.refusals = refusals


Port = Annotated[int, Field(ge=1, le=65535)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(words_in)]
Amounts = Annotated[Dated, NoDecode, BeforeValidator(amounts_in)]
YearlyRates = Annotated[Rates, NoDecode, BeforeValidator(yearly_rates_in)]
Secret = SecretStr


class Settings(BaseSettings):
    """The settings of one Izba, as the machine sets them: nothing changes them after the start. What the office sets
    from its pages is laid over them, see config/office.py.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, toml_file=TOML, extra="forbid", frozen=True, env_ignore_empty=True, validate_default=False
    )

    # where it runs
    data_dir: Path = Field(Path("var"), description=N_("The directory that Izba writes to: database, keys, uploads."))
    host: str = Field("127.0.0.1", description=N_("The address that the web server listens on."))
    port: Port = Field(8000, description=N_("The port that the web server listens on."))
    base_url: Annotated[str, scheme_of("http", "https")] = Field(
        "", description=N_("The address that people type. Labels, mails and feeds carry it. Empty: from host and port.")
    )
    trusted_proxies: str = Field(
        "127.0.0.1", description=N_("Addresses of the proxies whose X-Forwarded-For is believed, comma separated.")
    )
    database_url: Annotated[Secret, AfterValidator(database_address)] = Field(
        Secret(""),
        description=N_(
            "sqlite:///path/to/file or postgres://user:password@host/name. Empty: a SQLite file in the data directory."
        ),
    )
    files_url: Annotated[str, AfterValidator(bucket_address)] = Field(
        "",
        description=N_(
            "Where photos and papers lie: s3://bucket/folder for a store that speaks S3. Empty: the folder files in "
            "the data directory."
        ),
    )
    files_endpoint: Annotated[str, scheme_of("http", "https")] = Field(
        "", description=N_("The address of that S3 store, where it is not Amazon's.")
    )
    files_region: str = Field("us-east-1", description=N_("The region of that S3 store."))
    files_key_id: str = Field("", description=N_("The id of the access key that Izba uses there."))
    files_secret: Secret = Field(Secret(""), description=N_("The secret of that access key."))
    backup_dir: str = Field(
        "",
        description=N_(
            "The directory that a backup is made into each night, on another disk. It is not made anew where it is "
            "missing. Empty: none is made by itself."
        ),
    )
    backup_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        2, description=N_("From which hour on, in the office's zone, the night's backup is made.")
    )
    backup_count: Annotated[int, Field(ge=1, le=3660)] = Field(
        14, description=N_("How many of the nightly backups stay. Files with other names there are never removed.")
    )
    secret_key: Annotated[Secret, AfterValidator(long_key)] = Field(
        Secret(""),
        description=N_(
            "What signs cookies and panel states, at least 32 characters. Empty: made once and kept in the "
            "data directory."
        ),
    )
    language: Literal["pl", "en"] = Field("pl", description=N_("The language of those who have not chosen one."))
    funding: str = Field(
        "", description=N_("The sentence about the funds at the foot of every page. Empty: no flag and no sentence.")
    )
    union_words: str = Field(
        "Unia Europejska",
        min_length=1,
        max_length=80,
        description=N_("What stands beside the emblem of the Union on labels."),
    )
    office_name: str = Field("", description=N_("The office's full name, for the accessibility declaration."))
    office_address: str = Field("", description=N_("The office's address, for the accessibility declaration."))
    office_access: str = Field(
        "", description=N_("How people with disabilities get in, for the accessibility declaration.")
    )
    contact_name: str = Field("", description=N_("Who answers questions about accessibility."))
    contact_email: str = Field("", description=N_("Where questions about accessibility are sent."))
    contact_phone: str = Field("", description=N_("Where questions about accessibility are asked by telephone."))
    privacy_contact: str = Field(
        "", description=N_("Whom people ask about their personal data: the data protection officer, with an address.")
    )
    privacy_notice: Annotated[str, AfterValidator(web_address)] = Field(
        "",
        description=N_("The address of the office's own notice about personal data (GDPR, article 13). Empty: none."),
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description=N_("What is worth a log line."))
    log_json: bool = Field(False, description=N_("Log lines as JSON, for a collector."))

    # MQTT
    mqtt_url: Annotated[str, AfterValidator(broker_address)] = Field(
        "embedded", description=N_("The broker: mqtt://host:1883, mqtts://host:8883, or embedded for one inside Izba.")
    )
    mqtt_port: Annotated[int, Field(ge=1, le=65534)] = Field(
        1883, description=N_("The embedded broker's port for MQTT 3.1.1, on loopback. MQTT 5 is on the next port up.")
    )
    mqtt_username: str = Field("", description=N_("The name that Izba gives the broker."))
    mqtt_password: Secret = Field(Secret(""), description=N_("The password that Izba gives the broker."))
    mqtt_prefix: Annotated[str, AfterValidator(topic_prefix)] = Field(
        "izba", description=N_("The first level of every topic of Izba's own.")
    )
    mqtt_ca_file: Annotated[str, AfterValidator(authority_file)] = Field(
        "",
        description=N_(
            "A file with the certificates (PEM) of the authorities that may sign the broker's, such as the office's "
            "own. Empty: those that this machine trusts."
        ),
    )
    mqtt_client_id: Annotated[str, AfterValidator(client_id)] = Field(
        "",
        description=N_(
            "The client id that Izba gives the broker, where no other client may have it. Empty: one made of the host, "
            "the prefix and the data directory."
        ),
    )
    mqtt_families: Words = Field(
        ("zigbee2mqtt",), description=N_("Foreign device families whose topics are read, comma separated.")
    )
    mqtt_zigbee2mqtt_bases: Annotated[Words, AfterValidator(topic_bases)] = Field(
        ("zigbee2mqtt",),
        description=N_(
            "The base topics of Zigbee2MQTT, comma separated, one of each network. The address of a device is its name "
            "there; below any base but the first it is the base, a slash and the name."
        ),
    )

    # mail and other notices
    smtp_host: Annotated[str, AfterValidator(mail_host)] = Field(
        "", description=N_("The mail server. Empty: no mail leaves, notices stand under the bell.")
    )
    smtp_port: Port = Field(587, description=N_("The mail server's port: 587 for starttls, 465 for tls, 25 without."))
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description=N_("How mail is encrypted on its way: starttls, tls from the first byte, or none on this machine."),
    )
    smtp_user: str = Field("", description=N_("The name that Izba gives the mail server. Empty: it asks for none."))
    smtp_password: Secret = Field(Secret(""), description=N_("The password that Izba gives the mail server."))
    smtp_from: Annotated[str, AfterValidator(mail_address)] = Field(
        "", description=N_("Whom mails are from, like izba@urzad.example. Empty: izba at the host of the base URL.")
    )
    smtp_ca_file: Annotated[str, AfterValidator(authority_file)] = Field(
        "",
        description=N_(
            "A file with the certificates (PEM) of the authorities that may sign the mail server's. Empty: those that "
            "this machine trusts."
        ),
    )
    smtp_per_minute: Annotated[int, Field(ge=1, le=100_000)] = Field(
        600,
        description=N_("How many mails the server takes within a minute, from all processes together."),
    )
    smtp_per_person: Annotated[int, Field(ge=1, le=1000)] = Field(
        20, description=N_("How many mails one person gets within an hour; what is more comes together in one.")
    )
    notice_channels: Annotated[Secret, AfterValidator(channel_pairs)] = Field(
        Secret(""),
        description=N_(
            "By what else than mail people may have their notices: NAME=ADDRESS, several separated by blanks, each an "
            "address of Apprise with {address} where a person's number or name on that channel goes."
        ),
    )
    notice_days: Annotated[int, Field(ge=7, le=3660)] = Field(
        90, description=N_("How many days Izba keeps what people were told, and the letters that carried it.")
    )

    # people
    session_hours: Annotated[int, Field(ge=1, le=720)] = Field(
        SIGN_IN.session_hours, description=N_("How long a signed-in browser stays signed in, in hours.")
    )
    sign_in_attempts: Annotated[int, Field(ge=1, le=1000)] = Field(
        SIGN_IN.attempts,
        description=N_(
            "Failed sign-ins of one login from one address within the window before it must wait. One address may fail"
            " five times as often with all its logins, one login ten times as often from all addresses; then they are"
            " slowed down to one attempt in ten seconds."
        ),
    )
    # a week at most: whoever is locked out gets in again
    sign_in_window_minutes: Annotated[int, Field(ge=1, le=10_080)] = Field(
        SIGN_IN.window_minutes, description=N_("The window that failed sign-ins are counted in, in minutes.")
    )

    # the accounting policy
    fixed_asset_above: Amounts = Field(
        DEFAULT.fixed_above,
        description=N_(
            "Above this gross price in PLN a piece is a fixed asset (account 011), else an other fixed asset (013). "
            "One amount, or several with the day each begins on: the day of acceptance decides."
        ),
    )
    quantity_only_below: Amounts = Field(
        DEFAULT.quantity_only_below,
        description=N_(
            "Below this gross price in PLN a piece is counted by quantity alone, off balance. One amount, or several "
            "with the day each begins on."
        ),
    )
    furniture_at_once: bool = Field(
        DEFAULT.furniture_at_once,
        description=N_("Whether furniture is written off at once at any price, and so is never on account 011."),
    )
    furniture_kst: str = Field(DEFAULT.furniture_kst, description=N_("The KŚT symbol of that furniture."))
    furniture_categories: Words = Field(
        tuple(sorted(DEFAULT.furniture_categories)),
        description=N_("The categories that count as furniture there, comma separated."),
    )

    depreciation_rates: YearlyRates = Field(
        DEFAULT_RATES,
        description=N_(
            "Percent a year by which fixed and intangible assets are written off, by the beginning of the KŚT symbol: "
            "the longest one that fits wins, the day of acceptance decides among dated ones, and 0 is never."
        ),
    )
    accountant_alone: bool = Field(
        DEFAULT.accountant_alone,
        description=N_(
            "Whether the accountant alone corrects prices, days of acceptance, KŚT symbols, quantities and funding; "
            "else the facilities staff do too."
        ),
    )

    # limits and the timetable
    request_bytes: Annotated[int, Field(ge=1024)] = Field(
        10_000_000, description=N_("The largest request that is read, in bytes.")
    )
    file_bytes: Annotated[int, Field(ge=100_000, le=100_000_000)] = Field(
        20_000_000, description=N_("The largest photo or paper that is taken, in bytes. A form brings four such.")
    )
    trace_days: Annotated[int, Field(ge=0, le=366)] = Field(
        30, description=N_("How many days Izba keeps when a sensor saw somebody; 0 keeps the last day only.")
    )
    scan_days: Annotated[int, Field(ge=1, le=3660)] = Field(
        90, description=N_("How many days Izba keeps who scanned which label where.")
    )
    find_days: Annotated[int, Field(ge=1, le=366)] = Field(
        90, description=N_("How many days Izba keeps the words of a stranger who found a thing with a label.")
    )
    sweep_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        1.0, description=N_("How often Izba looks for rooms whose time has come, in seconds.")
    )

    @property
    def channels(self) -> dict[str, str]:
        """The addresses of the channels beside the mail, by name."""
        return dict(pairs_of(self.notice_channels.get_secret_value()))

    @property
    def kept_days(self) -> tuple[int, int, int, int]:
        """How long sensors' sights, scans, the words of strangers and notices are kept."""
        return self.trace_days, self.scan_days, self.find_days, self.notice_days

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _SecretFiles(settings_cls), TomlConfigSettingsSource(settings_cls)

    @property
    def account_policy(self) -> AccountPolicy:
        return AccountPolicy(
            fixed_above=self.fixed_asset_above,
            quantity_only_below=self.quantity_only_below,
            furniture_at_once=self.furniture_at_once,
            furniture_kst=self.furniture_kst,
            furniture_categories=frozenset(fold(category) for category in self.furniture_categories),
            accountant_alone=self.accountant_alone,
        )

    @property
    def sign_in_rules(self) -> SignInRules:
        return SignInRules(self.sign_in_attempts, self.sign_in_window_minutes, self.session_hours)

    @property
    def embedded_broker(self) -> bool:
        return self.mqtt_url == "embedded"

    @property
    def broker_url(self) -> str:
        """Where the client finds the broker, whichever it is."""
        return f"mqtt://127.0.0.1:{self.mqtt_port}" if self.embedded_broker else self.mqtt_url


class _SecretFiles(PydanticBaseSettingsSource):
    """Secrets that the environment names a file for: IZBA_SECRET_KEY_FILE=/run/secrets/key."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{variable_of(field_name)}_FILE")
        if not path or not is_secret(field):
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError):
            return None, field_name, False  # _unreadable_files tells it, beside all other faults

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value}


def is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr


def language() -> str:
    """The site's language, also when the settings cannot be read: then it is their faults that need one."""
    try:
        in_file = tomllib.loads(Path(TOML).read_text(encoding="utf-8")).get("language")
    except (OSError, ValueError):  # load() tells it
        in_file = None
    language = os.environ.get(variable_of("language")) or in_file
    return language if language in ("pl", "en") else "pl"


def load(**values: Any) -> Settings:
    """Read the settings and make the data directory ready; what is ``given`` wins.

    Raises BadSettings with every fault.
    """
    _tell_strangers(os.environ)
    faults = _unreadable_files(os.environ)
    settings: Settings | None = None
    try:
        settings = Settings(**values)
    except ValidationError as wrong:
        faults += [_fault(error) for error in wrong.errors()]
    except (ValueError, OSError) as wrong:  # not TOML, not UTF-8, or not to be read at all
        faults.append(file_fault(TOML, wrong))
    data_dir = settings.data_dir if settings else Path(os.environ.get(variable_of("data_dir")) or "var")
    try:
        key = kept_key(data_dir.absolute())
    except OSError:
        faults.append(Unavailable("data_dir.read_only", path=str(data_dir)))
    if faults or settings is None:
        raise BadSettings(faults)
    return _completed(settings, key)


def _completed(settings: Settings, kept_key: str) -> Settings:
    data_dir = settings.data_dir.absolute()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    everywhere = settings.host in ("0.0.0.0", "::")  # noqa: S104  # compared, not bound to
    own = f"http://{'127.0.0.1' if everywhere else host}:{settings.port}"
    url = settings.database_url.get_secret_value() or f"sqlite://{data_dir}/izba.sqlite3"
    # what is named here counts as set by the machine, so the office can set it no more
    backups = {"backup_dir": str(Path(settings.backup_dir).absolute())} if settings.backup_dir else {}
    return settings.model_copy(
        update=backups
        | {
            "data_dir": data_dir,
            "base_url": (settings.base_url or own).rstrip("/"),
            "database_url": Secret(url),
            "secret_key": Secret(settings.secret_key.get_secret_value() or kept_key),
            "mqtt_client_id": settings.mqtt_client_id or _own_client_id(settings.mqtt_prefix, kept_key),
        }
    )


def _own_client_id(prefix: str, kept_key: str) -> str:
    """An id that no other Izba has: not one of another prefix, nor one of another data directory on this machine or on
    another one of its name. It is the same at every start.
    """
    digest = hashlib.sha256(f"mqtt client of {prefix}: {kept_key}".encode()).hexdigest()
    return f"izba-{socket.gethostname()[:40]}-{digest[:10]}"


def kept_key(data_dir: Path) -> str:
    """The key of this data directory, made at the first start. Raises OSError when it cannot be kept."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / KEY_FILE
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=data_dir, prefix=".key-", delete=False) as fresh:
            fresh.write(secrets.token_urlsafe(48))
        try:
            os.link(fresh.name, path)  # the first of several that start at once wins, and all read a whole key
        except FileExistsError:
            pass
        finally:
            os.unlink(fresh.name)
    elif not os.access(data_dir, os.W_OK):
        raise PermissionError(data_dir)
    return path.read_text(encoding="utf-8").strip()


def _unreadable_files(environ: Mapping[str, str]) -> list[Refusal]:
    faults: list[Refusal] = []
    for name, field in Settings.model_fields.items():
        variable = variable_of(name)
        path = environ.get(f"{variable}_FILE")
        if not path or not is_secret(field):
            continue
        if environ.get(variable):
            faults.append(Invalid("settings.secret_twice", setting=f"{variable}_FILE", other=variable))
        faults += _secret_file(f"{variable}_FILE", path)
    return faults


def _secret_file(setting: str, path: str) -> list[Refusal]:
    try:
        empty = not Path(path).read_text(encoding="utf-8").strip()
    except OSError as wrong:
        return [Invalid("settings.bad_secret_file", setting=setting, file=path, reason=system_reason(wrong))]
    except UnicodeDecodeError:
        reason = Reason(N_("it is not UTF-8 text"))
        return [Invalid("settings.bad_secret_file", setting=setting, file=path, reason=reason)]
    return [Invalid("settings.empty_secret_file", setting=setting, file=path)] if empty else []


def _fault(error: Any) -> Refusal:
    name = str(error["loc"][0]) if error["loc"] else ""
    field = Settings.model_fields.get(name)
    if field is not None:
        return setting_fault(variable_of(name), field, error, is_secret(field))
    near = _nearest(name)
    if near:
        return Invalid("settings.misspelt", setting=name, file=TOML, near=near)
    return Invalid("settings.unknown", setting=name, file=TOML)


def _nearest(name: str) -> str:
    return next(iter(difflib.get_close_matches(name, Settings.model_fields, n=1)), "")


def _tell_strangers(environ: Mapping[str, str]) -> None:
    """Name variables that look like a mistyped setting. They do no harm, so they stop nothing."""
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        is_field = name in Settings.model_fields or name.removesuffix("_file") in Settings.model_fields
        if not is_field and _nearest(name):
            near = variable_of(_nearest(name))
            log.warning(words("settings.stranger", {"variable": variable, "near": near}, translate(language())))
