"""The configuration of a production broker: Mosquitto with dynamic security."""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from devices.broker.client import addresses
from devices.codecs import filters_of
from devices.topics import Topics

TLS_PORT = 8883
CA_FILE = "/etc/mosquitto/certs/ca.crt"


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """Where the broker will run: the name or number that its certificate is for, its port, the authority that signs it
    as a file on the broker's machine, and the account that Izba has there.
    """

    host: str = "broker.office"
    port: int = TLS_PORT
    ca_file: str = CA_FILE
    account: str = "izba"


def place_of(url: str, username: str) -> BrokerPlace:
    """The place that the settings name; this machine where they name none yet."""
    if not url:
        return BrokerPlace(host=socket.gethostname(), account=username or "izba")
    address = addresses(url, username)[0]
    return BrokerPlace(address.host, address.port if address.tls else TLS_PORT, account=address.username or "izba")


def configuration(
    prefix: str = "izba",
    families: Sequence[str] = (),
    place: BrokerPlace | None = None,
    bases: Sequence[str] = ("zigbee2mqtt",),
) -> str:
    """A complete, commented mosquitto.conf for this topic prefix and these foreign device families, with the steps
    before and after it. Every line of eight spaces behind its # is a command that runs as it stands; one of ten is
    wanted in some offices alone.
    """
    place = place or BrokerPlace()
    topics = filters_of(families, Topics(prefix, tuple(bases)))
    rights = "".join(_FOREIGN.format(account=place.account, topic=topic) for topic in topics)
    gateways = "".join(
        _GATEWAY.format(base=topic.removesuffix("/#").replace("/", "-"), topic=topic) for topic in topics
    )
    return _CONFIGURATION.format(
        prefix=prefix,
        foreign=rights,
        gateways=gateways or _NO_GATEWAY,
        account=place.account,
        host=place.host,
        port=place.port,
        ca=place.ca_file,
        name=_alternative_name(place.host),
    )


def _alternative_name(host: str) -> str:
    """How a certificate says whose it is."""
    try:
        return f"IP:{ipaddress.ip_address(host)}"
    except ValueError:
        return f"DNS:{host}"


# ruff: noqa: E501  # commands are copied whole
_FOREIGN = """\
#        mosquitto_ctrl -u admin dynsec addRoleACL {account} subscribePattern '{topic}' allow
"""
_NO_GATEWAY = """\
#      (none of IZBA_MQTT_FAMILIES has one)
"""
_GATEWAY = """\
#        mosquitto_ctrl -u admin dynsec createRole {base}
#        mosquitto_ctrl -u admin dynsec addRoleACL {base} publishClientSend '{topic}' allow
#        mosquitto_ctrl -u admin dynsec addRoleACL {base} subscribePattern '{topic}' allow
#        mosquitto_ctrl -u admin dynsec addRoleACL {base} publishClientReceive '{topic}' allow
#        mosquitto_ctrl -u admin dynsec createClient {base}
#        mosquitto_ctrl -u admin dynsec addClientRole {base} {base}
#      and three more rights where its `homeassistant` is switched on, which else fails at its start:
#          mosquitto_ctrl -u admin dynsec addRoleACL {base} publishClientSend 'homeassistant/#' allow
#          mosquitto_ctrl -u admin dynsec addRoleACL {base} subscribePattern 'homeassistant/#' allow
#          mosquitto_ctrl -u admin dynsec addRoleACL {base} publishClientReceive 'homeassistant/#' allow
"""
_CONFIGURATION = """\
# Mosquitto for Izba. Put this into /etc/mosquitto/conf.d/izba.conf.
#
# Steps, once, as root on the broker's machine. It is called {host} here: set IZBA_MQTT_URL=mqtts://NAME:PORT
# and, where another authority than the one of step 2 signs, IZBA_MQTT_CA_FILE, and print this anew for another name.
#   1. Mosquitto itself:
#        apt-get install -y mosquitto mosquitto-clients openssl
#   2. a certificate and key for {host}. If your office has an authority, put what it gives you where the lines below
#      say, and go on with the chown; else make one of your own:
#        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=Izba MQTT authority' -addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout /etc/mosquitto/certs/ca.key -out {ca}
#        openssl req -new -newkey rsa:2048 -nodes -subj '/CN={host}' -keyout /etc/mosquitto/certs/server.key -out /etc/mosquitto/certs/server.csr
#        printf 'subjectAltName={name}\\nsubjectKeyIdentifier=hash\\nauthorityKeyIdentifier=keyid\\n' > /etc/mosquitto/certs/server.ext
#        openssl x509 -req -in /etc/mosquitto/certs/server.csr -CA {ca} -CAkey /etc/mosquitto/certs/ca.key -CAcreateserial -days 825 -extfile /etc/mosquitto/certs/server.ext -out /etc/mosquitto/certs/server.crt
#        chmod 600 /etc/mosquitto/certs/ca.key
#        chown mosquitto: /etc/mosquitto/certs/server.crt /etc/mosquitto/certs/server.key
#   3. the broker's administrator, whose password is made here and kept for the commands below:
#        (umask 077; openssl rand -hex 24 > /etc/mosquitto/admin.password)
#        mosquitto_ctrl dynsec init /var/lib/mosquitto/dynamic-security.json admin "$(cat /etc/mosquitto/admin.password)"
#        chown mosquitto: /var/lib/mosquitto/dynamic-security.json
#        systemctl restart mosquitto
#        (umask 077; mkdir -p ~/.config; printf '%s\\n' '-h {host}' '-p {port}' '--cafile {ca}' "-P $(cat /etc/mosquitto/admin.password)" > ~/.config/mosquitto_ctrl)
#   4. Izba's own account, which may do everything under {prefix}/ and read what IZBA_MQTT_FAMILIES names; createClient
#      asks for its password, here as below:
#        mosquitto_ctrl -u admin dynsec createRole {account}
#        mosquitto_ctrl -u admin dynsec addRoleACL {account} publishClientSend '{prefix}/#' allow
#        mosquitto_ctrl -u admin dynsec addRoleACL {account} subscribePattern '{prefix}/#' allow
{foreign}#        mosquitto_ctrl -u admin dynsec addRoleACL {account} publishClientReceive '#' allow
#        mosquitto_ctrl -u admin dynsec createClient {account}
#        mosquitto_ctrl -u admin dynsec addClientRole {account} {account}
#   5. each sensor, its user name being its id; it may write its own branch and read nothing:
#        mosquitto_ctrl -u admin dynsec createRole device-ZW-01-occ
#        mosquitto_ctrl -u admin dynsec addRoleACL device-ZW-01-occ publishClientSend '{prefix}/devices/ZW-01-occ/#' allow
#        mosquitto_ctrl -u admin dynsec createClient ZW-01-occ
#        mosquitto_ctrl -u admin dynsec addClientRole ZW-01-occ device-ZW-01-occ
#   6. each door panel on MQTT; it reads and commands its own door:
#        mosquitto_ctrl -u admin dynsec createRole panel-ZW-01-door
#        mosquitto_ctrl -u admin dynsec addRoleACL panel-ZW-01-door subscribePattern '{prefix}/panels/ZW-01-door/#' allow
#        mosquitto_ctrl -u admin dynsec addRoleACL panel-ZW-01-door publishClientReceive '{prefix}/panels/ZW-01-door/#' allow
#        mosquitto_ctrl -u admin dynsec addRoleACL panel-ZW-01-door publishClientSend '{prefix}/panels/ZW-01-door/command' allow
#        mosquitto_ctrl -u admin dynsec createClient ZW-01-door
#        mosquitto_ctrl -u admin dynsec addClientRole ZW-01-door panel-ZW-01-door
#      Nobody but Izba gets a right to publish below {prefix}/rooms, {prefix}/panels/…/state or {prefix}/status: a door shows
#      what is retained there.
#   7. each gateway such as Zigbee2MQTT, which reads and writes its own base topic alone:
{gateways}#   8. tell Izba: IZBA_MQTT_URL=mqtts://{host}:{port}  IZBA_MQTT_USERNAME={account}  IZBA_MQTT_PASSWORD_FILE=/run/secrets/mqtt
#      and, with an authority of your own, a copy of {ca}: IZBA_MQTT_CA_FILE=/etc/izba/mqtt-ca.crt
#   9. see that a sensor cannot speak for another: mosquitto_pub as ZW-01-occ to {prefix}/devices/ZW-03-occ/reading
#      must change nothing. A broker answers such a publish of MQTT 3.1.1 with success all the same.

per_listener_settings false
allow_anonymous false
# on another kind of processor: find /usr/lib -name mosquitto_dynamic_security.so
plugin /usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so
plugin_opt_config_file /var/lib/mosquitto/dynamic-security.json

# Without this every confirmed message waits for a timer of TCP: 4 thousand a second instead of 47.
set_tcp_nodelay true

# What is larger is cut off, and its sender with it. At each start, and whenever a device is configured, Zigbee2MQTT
# publishes bridge/definitions, which has 243 541 bytes in 2.14.1 however few its devices are, and bridge/devices, which
# has up to 6 kB for each of them: 4 MB is enough for 500 devices. Izba itself reads no message of a sensor above 64 kB.
message_size_limit 4194304
max_packet_size 4259840

# An outage of minutes is bridged; what is older is not replayed. Izba asks for fresh evidence after it anyway. What
# waits for one client takes no more than 64 MB.
max_queued_messages 10000
max_queued_bytes 67108864
persistence true
# Debian names persistence_location in /etc/mosquitto/mosquitto.conf, and refuses to start when it is named twice.
autosave_interval 300
persistent_client_expiration 1d

listener {port}
protocol mqtt
certfile /etc/mosquitto/certs/server.crt
keyfile /etc/mosquitto/certs/server.key
tls_version tlsv1.2
# An account's name is its client id, whatever id a client gives: who knows Izba's id cannot throw Izba off. So two
# programs never share an account, and a second Izba has one of its own.
use_username_as_clientid true

# Sensors that cannot do TLS belong into a network of their own, with a listener of their own on its address:
# listener 1883 10.0.40.1
# use_username_as_clientid true
"""
