"""The configuration of a production broker: Mosquitto with dynamic security."""

from collections.abc import Sequence

from devices.codecs import FAMILIES


def configuration(prefix: str = "izba", families: Sequence[str] = ()) -> str:
    """A complete, commented mosquitto.conf for this topic prefix and these foreign device families, with the steps
    before and after it.
    """
    chosen = [FAMILIES[name] for name in families if name in FAMILIES]
    rights = "".join(_FOREIGN.format(topic=topic) for family in chosen for topic in family.filters)
    return _CONFIGURATION.format(prefix=prefix, foreign=rights)


# ruff: noqa: E501  # commands are copied whole
_FOREIGN = """\
#        mosquitto_ctrl -u admin dynsec addRoleACL izba subscribePattern '{topic}' allow
"""
_CONFIGURATION = """\
# Mosquitto for Izba. Put this into /etc/mosquitto/conf.d/izba.conf.
#
# Steps, once:
#   1. apt install mosquitto mosquitto-clients
#   2. mosquitto_ctrl dynsec init /var/lib/mosquitto/dynamic-security.json admin
#      (asks for the admin's password; then: chown mosquitto: /var/lib/mosquitto/dynamic-security.json)
#   3. put the certificate and key of this host where the lines below say, then: systemctl restart mosquitto
#   4. Izba's own account, which may do everything under {prefix}/ and read what IZBA_MQTT_FAMILIES names:
#        mosquitto_ctrl -u admin dynsec createRole izba
#        mosquitto_ctrl -u admin dynsec addRoleACL izba publishClientSend '{prefix}/#' allow
#        mosquitto_ctrl -u admin dynsec addRoleACL izba subscribePattern '{prefix}/#' allow
{foreign}#        mosquitto_ctrl -u admin dynsec addRoleACL izba publishClientReceive '#' allow
#        mosquitto_ctrl -u admin dynsec createClient izba
#        mosquitto_ctrl -u admin dynsec addClientRole izba izba
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
#      what is retained there. A gateway such as Zigbee2MQTT needs rights on its own base topic alone.
#   7. tell Izba: IZBA_MQTT_URL=mqtts://HOST:8883  IZBA_MQTT_USERNAME=izba  IZBA_MQTT_PASSWORD_FILE=/run/secrets/mqtt
#   8. see that a sensor cannot speak for another: mosquitto_pub as ZW-01-occ to {prefix}/devices/ZW-03-occ/reading
#      must change nothing. A broker answers such a publish of MQTT 3.1.1 with success all the same.

per_listener_settings false
allow_anonymous false
plugin /usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so
plugin_opt_config_file /var/lib/mosquitto/dynamic-security.json

# Without this every confirmed message waits for a timer of TCP: 4 thousand a second instead of 47.
set_tcp_nodelay true

# Nobody sends more than 64 kB; what does is cut off.
message_size_limit 65536
max_packet_size 70000

# An outage of minutes is bridged; what is older is not replayed. Izba asks for fresh evidence after it anyway.
max_queued_messages 10000
persistence true
persistence_location /var/lib/mosquitto/
autosave_interval 300
persistent_client_expiration 1d

listener 8883
protocol mqtt
certfile /etc/mosquitto/certs/server.crt
keyfile /etc/mosquitto/certs/server.key
tls_version tlsv1.2

# Sensors that cannot do TLS belong into a network of their own, with a listener of their own on its address:
# listener 1883 10.0.40.1
"""
