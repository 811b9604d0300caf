"""Settings: from the environment, a file and secret files; every fault at once, each with what to do."""

import logging
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from config.commands.server import proxy_warning
from config.contents import contents_of
from config.settings import BadSettings, Settings, load
from registry.assets.policy import DEFAULT
from registry.files.contents import DirectoryContents


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings at all, in an empty directory."""
    for name in [name for name in os.environ if name.startswith("IZBA_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    yield
    tmp_path.chmod(0o700)


def faults(**values: object) -> list[str]:
    with pytest.raises(BadSettings) as bad:
        load(**values)
    assert str(bad.value).count("\n") == len(bad.value.refusals) - 1
    return [str(refusal) for refusal in bad.value.refusals]


def test_a_laptop_needs_none(tmp_path: Path) -> None:
    settings = load()
    assert (settings.host, settings.port, settings.base_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert settings.data_dir == tmp_path / "var"
    assert settings.database_url.get_secret_value() == f"sqlite://{tmp_path}/var/izba.sqlite3"
    assert settings.embedded_broker
    assert settings.broker_url == "mqtt://127.0.0.1:1883"
    assert settings.language == "pl"
    assert (settings.backup_dir, load(backup_dir="nights").backup_dir) == ("", f"{tmp_path}/nights")


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("izba.toml").write_text('port = 8001\nmqtt_prefix = "office"\nmqtt_families = ["tasmota"]\n')
    monkeypatch.setenv("IZBA_PORT", "8002")
    settings = load()
    assert (settings.port, settings.mqtt_prefix, settings.mqtt_families) == (8002, "office", ("tasmota",))


def test_what_a_command_gives_wins_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZBA_HOST", "0.0.0.0")
    assert load(host="127.0.0.1").host == "127.0.0.1"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZBA_PORT", "")
    assert load().port == 8000


def test_a_list_is_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZBA_MQTT_FAMILIES", "zigbee2mqtt, tasmota ,")
    assert load().mqtt_families == ("zigbee2mqtt", "tasmota")


@pytest.mark.parametrize(("host", "base_url"), [("0.0.0.0", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000")])
def test_the_address_is_one_that_a_browser_takes(host: str, base_url: str) -> None:
    assert load(host=host).base_url == base_url


def test_the_other_name_of_postgresql_is_understood() -> None:
    assert load(database_url="postgresql://izba@db/izba").database_url.get_secret_value() == "postgres://izba@db/izba"


def test_the_accounting_policy_is_set_by_the_office() -> None:
    settings = """
        fixed_asset_above = 10000
        quantity_only_below = "300, 2027-01-01=500"
        furniture_at_once = true
        furniture_categories = ["Meble", "Wykładziny"]
    """
    Path("izba.toml").write_text(settings, encoding="utf-8")
    policy = load().account_policy
    assert (str(policy.fixed_above), str(policy.quantity_only_below)) == ("10000.00", "300.00, 2027-01-01=500.00")
    assert (policy.furniture_at_once, policy.furniture_categories) == (True, {"meble", "wykladziny"})


def test_without_a_policy_of_its_own_the_law_s_limit_holds() -> None:
    assert load().account_policy == DEFAULT


# the key


def test_the_key_is_made_once_and_only_its_owner_may_read_it() -> None:
    first = load().secret_key.get_secret_value()
    assert len(first) >= 32
    assert load().secret_key.get_secret_value() == first
    assert stat.S_IMODE(Path("var/secret.key").stat().st_mode) == 0o600
    assert [path.name for path in Path("var").iterdir()] == ["secret.key"]


def test_a_secret_comes_from_the_file_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("key").write_text("k" * 40 + "\n")
    monkeypatch.setenv("IZBA_SECRET_KEY_FILE", "key")
    assert load().secret_key.get_secret_value() == "k" * 40


def test_a_secret_shows_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZBA_MQTT_PASSWORD", "hunter2")
    monkeypatch.setenv("IZBA_DATABASE_URL", "postgres://izba:hunter2@db/izba")
    settings = load()
    assert "hunter2" not in repr(settings)
    assert settings.mqtt_password.get_secret_value() == "hunter2"
    monkeypatch.setenv("IZBA_DATABASE_URL", "mysql://izba:hunter2@db/izba")
    assert "hunter2" not in "".join(faults())


# faults


FAULTS = {
    "a word for a number": ("PORT", "http", "whole number from 1 to 65535"),
    "no such port": ("PORT", "70000", "65535"),
    "no room for the second port": ("MQTT_PORT", "65535", "65534"),
    "an unknown language": ("LANGUAGE", "de", "pl, en"),
    "another database": ("DATABASE_URL", "mysql://x/y", "sqlite://, postgres://"),
    "an address without its scheme": ("BASE_URL", "sale.example.org", "http://, https://"),
    "a database without a name": ("DATABASE_URL", "postgres://izba@db", "host:5432/name"),
    "a database on no port": ("DATABASE_URL", "postgres://izba@db:99999/izba", "host:5432/name"),
    "a broker without its scheme": ("MQTT_URL", "broker:1883", "mqtt://host:1883"),
    "a broker without a host": ("MQTT_URL", "mqtt://", "mqtt://host:1883"),
    "an amount without its day": ("FIXED_ASSET_ABOVE", "3500, 10000", "2018-01-01=10000"),
    "a word for yes": ("LOG_JSON", "maybe", "true or false"),
    "a prefix of two levels": ("MQTT_PREFIX", "a/b", "one topic level"),
    "a prefix with a wildcard": ("MQTT_PREFIX", "izba+", "one topic level"),
    "a base with a wildcard": ("MQTT_ZIGBEE2MQTT_BASES", "zigbee2mqtt/#", "topics like zigbee2mqtt"),
    "no base at all": ("MQTT_ZIGBEE2MQTT_BASES", ",", "one at least"),
    "an authority that is not there": ("MQTT_CA_FILE", "nowhere/ca.pem", "it is not there"),
    "an authority without a certificate": ("MQTT_CA_FILE", __file__, "BEGIN CERTIFICATE"),
    "a client id that is too long": ("MQTT_CLIENT_ID", "x" * 65, "at most 64 printable"),
    "a client id with a line break": ("MQTT_CLIENT_ID", "izba\n1", "printable characters"),
    "a short key": ("SECRET_KEY", "short", "Set at least 32 characters"),
    "an unknown level": ("LOG_LEVEL", "LOUD", "DEBUG, INFO"),
    "no time between two looks": ("SWEEP_SECONDS", "0", "above 0"),
}


@pytest.mark.parametrize(("name", "value", "hint"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_its_setting_and_what_would_fit(
    name: str, value: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"IZBA_{name}", value)
    (fault,) = faults()
    assert fault.startswith(f"IZBA_{name}: ")
    assert hint in fault


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").touch()
    for name, value in {"PORT": "x", "LANGUAGE": "x", "MQTT_PASSWORD_FILE": "nowhere", "DATA_DIR": "file/var"}.items():
        monkeypatch.setenv(f"IZBA_{name}", value)
    refusals = faults()
    assert len(refusals) == 4
    for part in ("IZBA_PORT", "IZBA_LANGUAGE", "IZBA_MQTT_PASSWORD_FILE", "file/var cannot be written to"):
        assert part in "\n".join(refusals)


def test_an_unknown_setting_in_the_file_is_a_fault_with_the_nearest_name() -> None:
    Path("izba.toml").write_text("prot = 8001")
    (fault,) = faults()
    assert "prot in izba.toml" in fault
    assert "there is port" in fault


def test_a_broken_file_is_a_fault_with_its_line() -> None:
    Path("izba.toml").write_text("port = 1\nhost = = 2")
    (fault,) = faults()
    assert "line 2" in fault


def test_a_file_that_is_not_utf8_is_a_fault() -> None:
    Path("izba.toml").write_bytes(b'host = "\xff"')
    (fault,) = faults()
    assert fault.startswith("izba.toml: it cannot be read: it is not UTF-8 text")


def test_a_file_that_may_not_be_read_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("config.settings.TomlConfigSettingsSource", refuse)
    (fault,) = faults()
    assert fault.startswith("izba.toml")


def test_a_secret_given_twice_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("key").write_text("k" * 40)
    monkeypatch.setenv("IZBA_SECRET_KEY_FILE", "key")
    monkeypatch.setenv("IZBA_SECRET_KEY", "k" * 40)
    (fault,) = faults()
    assert "Keep one of the two" in fault


def test_an_empty_secret_file_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("key").write_text("\n")
    monkeypatch.setenv("IZBA_SECRET_KEY_FILE", "key")
    (fault,) = faults()
    assert "empty" in fault


def test_a_data_directory_that_cannot_be_is_a_fault() -> None:
    Path("file").touch()
    (fault,) = faults(data_dir="file/var")
    assert "IZBA_DATA_DIR" in fault


@pytest.mark.parametrize("readable", [True, False])
def test_a_data_directory_that_is_read_only_is_a_fault(readable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root writes everywhere, so what the system answers to others is put in its place."""
    if readable:
        load()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("config.settings.os.access", lambda *_: False)
    monkeypatch.setattr("config.settings.tempfile.NamedTemporaryFile", refuse)
    (fault,) = faults()
    assert "cannot be written to" in fault


def test_each_izba_has_a_client_id_of_its_own(tmp_path: Path) -> None:
    """On one machine too: of another prefix, and of another data directory."""
    first = load().mqtt_client_id
    assert first.startswith(f"izba-{socket.gethostname()[:40]}-")
    assert load().mqtt_client_id == first, "the same at every start"
    assert load(secret_key="k" * 32).mqtt_client_id == first
    others = {load(mqtt_prefix="izba2").mqtt_client_id, load(data_dir=tmp_path / "trial").mqtt_client_id}
    assert len({first, *others}) == 3
    assert load(mqtt_client_id="izba-production").mqtt_client_id == "izba-production"


def test_a_setting_that_names_a_file_is_no_mistyped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("IZBA_MQTT_CA_FILE", str(tmp_path / "ca.pem"))
    assert load().mqtt_ca_file == str(tmp_path / "ca.pem")
    assert not caplog.records


def test_a_mistyped_variable_is_named_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("IZBA_POTR", "8001")
    monkeypatch.setenv("IZBA_SOMETHING_OF_ANOTHER_PROGRAM", "1")
    monkeypatch.setenv("IZBA_LANGUAGE", "en")
    with caplog.at_level(logging.WARNING):
        load()
    assert [record.getMessage() for record in caplog.records] == [
        "IZBA_POTR is not a setting, but there is IZBA_PORT. Correct or remove it."
    ]


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.parametrize(
    ("settings", "is_warned"),
    [
        ({}, False),
        ({"base_url": "https://izba.example"}, False),
        ({"base_url": "https://izba.example", "trusted_proxies": ""}, True),
        ({"base_url": "https://izba.example", "host": "0.0.0.0"}, True),  # what is checked
        (
            {"base_url": "https://izba.example", "host": "0.0.0.0", "trusted_proxies": "10.0.0.2"},
            False,
        ),  # what is checked
    ],
)
def test_a_proxy_that_is_not_trusted_is_warned_of(tmp_path: Path, settings: dict[str, str], is_warned: bool) -> None:
    assert bool(proxy_warning(Settings(data_dir=tmp_path, **settings))) is is_warned


def test_files_lie_beside_the_database_or_in_the_bucket_that_is_named(tmp_path: Path) -> None:
    here = contents_of(Settings(data_dir=tmp_path))
    assert isinstance(here, DirectoryContents)
    assert here.home == tmp_path / "files"
    there = contents_of(Settings(files_url="s3://bucket/izba", files_endpoint="http://127.0.0.1:9", files_key_id="k"))
    assert type(there).__name__ == "BucketContents"
    assert "s3://bucket/folder" in faults(files_url="/var/files")[0]
