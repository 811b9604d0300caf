"""All of the devices layer as one thing: started when this process leads, stopped when it no longer does."""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from devices.broker.client import addresses, without_secrets
from devices.broker.connection import Broker
from devices.broker.embedded import EmbeddedBroker
from devices.codecs import FAMILIES, filters_of
from devices.commands import PanelCommands
from devices.doors import DoorStates
from devices.presence import Presence
from devices.readings import Readings
from devices.simulator import Simulator
from devices.topics import Topics
from registry.bookings.readings import watch_lost
from registry.core.clock import Clock, SteadyClock, is_doubted, utc_now
from registry.core.errors import N_, Reason, Unavailable
from registry.devices.models import DeviceState

log = logging.getLogger(__name__)

# all of the stop, and what each part has at least when others hang
STOP_SECONDS, LEAST_SECONDS = 3.0, 0.2


def _as_is(text: str) -> str:
    return text


class DeviceLayer:
    """The broker's client, readings, commands, doors, the presence watch, and for the demo the broker and the sensors.

    ``url`` is mqtt:// or mqtts://; with ``embedded_port`` a broker of our own is started on that port (MQTT 3.1.1) and
    the next (MQTT 5), and ``url`` is only shown. ``families`` are the foreign device families to listen to,
    ``bases`` the base topics of their bridges.
    """

    def __init__(
        self,
        *,
        url: str,
        secret_key: str,
        prefix: str = "izba",
        username: str = "",
        password: str = "",
        ca_file: str = "",
        families: Sequence[str] = (),
        bases: Sequence[str] = ("zigbee2mqtt",),
        embedded_port: int | None = None,
        simulator: bool = False,
        seed: int = 7,
        client_id: str = "",
        translate: Callable[[str], str] = _as_is,
        clock: Clock = utc_now,
    ) -> None:
        self.url, self.leads = without_secrets(url), False
        self.is_failing = False
        self.topics = Topics(prefix, tuple(bases))
        self._clock, self._families = clock, tuple(families)
        self._embedded = EmbeddedBroker(embedded_port) if embedded_port else None
        where = self._embedded.where if self._embedded else addresses(url, username, password, ca_file)
        self.broker = Broker(where, client_id or f"izba-{socket.gethostname()}-{prefix}", self.topics.status, clock)
        self.commands = PanelCommands(self.broker, self.topics, clock, translate)
        self.readings = Readings(self.topics, clock, self.commands.take)
        self.doors = DoorStates(self.broker, self.topics, secret_key.encode(), clock)
        self.presence = Presence(clock)
        self.simulator = Simulator(where, self.topics, clock, seed) if simulator else None
        self.broker.listen((*self.topics.filters(), *self._foreign()))
        self.readings.on_topics(self.broker.follow)
        self.broker.on_messages(self.readings.take)
        self.broker.on_gap(lambda: self._listen(clock()))
        self.broker.on_up(self._listen)
        self.broker.on_down(self.readings.disconnected)
        self.broker.on_up(lambda _at: self.doors.wake())
        if isinstance(clock, SteadyClock):
            clock.on_doubt(self._doubt)

    def _doubt(self, is_doubted: bool, now: datetime) -> None:
        """While the clock is doubted nothing that sensors said is believed, and afterwards each must say it anew."""
        if is_doubted:
            self.readings.disconnected(now)
        elif self.broker.connected:
            self.readings.connected(now)

    def _listen(self, now: datetime) -> None:
        if not is_doubted(self._clock):
            self.readings.connected(now)

    def _foreign(self) -> list[str]:
        for name in set(self._families) - set(FAMILIES):
            log.warning("no such device family", extra={"family": name, "known": sorted(FAMILIES)})
        return filters_of(self._families, self.topics)

    @property
    def is_connected(self) -> bool:
        """Whether the broker is heard now. False in a process that does not lead."""
        return self.broker.connected

    @property
    def refusal(self) -> str:
        """Why the broker refuses us, or some of what we want to hear; empty when it does not."""
        return self.broker.refusal

    @property
    def trouble(self) -> Unavailable | None:
        """What is wrong between us and the broker, with what to do; None where nothing is."""
        broker = self.broker
        if broker.refusal:
            return Unavailable("broker.refuses", url=self.url, reason=broker.refusal)
        if broker.duplicate_id:
            return Unavailable("broker.same_id", url=self.url, client_id=broker.client_id)
        if broker.distrust:
            return Unavailable("broker.untrusted", url=self.url, reason=broker.distrust)
        if not broker.connected:
            return Unavailable("broker.away", url=self.url, reason=broker.absence)
        return self._untaken(broker.untaken)

    def _untaken(self, topics: dict[str, str]) -> Unavailable | None:
        if not topics:
            return None
        topic, reason = next(iter(topics.items()))
        about = {"topic": topic, "count": len(topics), "detail": reason}
        reason = Reason(N_("it takes no state for {topic} (“{detail}”; topics in all: {count})"), **about)
        return Unavailable("broker.refuses", url=self.url, reason=reason)

    async def serves(self) -> bool:
        """Whether others can connect to the broker, as far as that is ours to know: the embedded one may hear us and be
        deaf to devices of MQTT 3.1.1.
        """
        return self._embedded is None or await self._embedded.serves()

    def claim_ports(self) -> None:
        """Raises Unavailable("port.taken") when the embedded broker could not listen."""
        if self._embedded:
            self._embedded.check_ports()

    async def start(self) -> None:
        """Start everything, or nothing: what had started is stopped when another part cannot. A broker that is away is
        waited for in the background; a taken port is Unavailable.
        """
        self.leads = True
        try:
            await self._start()
        except BaseException:
            self.is_failing = True
            await self.stop()
            raise
        self.is_failing = False

    async def _start(self) -> None:
        # whoever led before may have died without a word: nothing counts until the broker is heard
        await watch_lost(self._clock())
        if self._embedded:
            await self._embedded.start()
        await self.readings.start()
        await self.doors.start()
        await self.presence.start()
        await self.broker.start()
        if self.simulator:
            await self.simulator.start()

    async def stop(self) -> None:
        """Stop everything in the reverse order; what was heard is recorded first. One that fails holds up nobody."""
        self.leads = False
        parts = (self.commands, self.broker, self.presence, self.readings, self.doors)
        loop = asyncio.get_running_loop()
        until = loop.time() + STOP_SECONDS
        for part in (self.simulator, *parts, self._embedded):
            try:
                async with asyncio.timeout_at(max(until, loop.time() + LEAST_SECONDS)):
                    if part:
                        await part.stop()
            except Exception:
                log.exception("%s did not stop as it should", type(part).__name__)

    async def wait_until_connected(self, seconds: float = 30.0) -> bool:
        """Until the broker is heard, or the time is over."""
        until = asyncio.get_running_loop().time() + seconds
        while not self.is_connected and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110  # rarely asked
            await asyncio.sleep(0.01)
        return self.is_connected

    def inbox(self) -> list[dict[str, Any]]:
        """Topics that nobody has bound, last heard first."""
        return [topic.as_dict() for topic in self.readings.inbox.all()]

    def metrics(self) -> dict[str, float]:
        """Plain numbers for /metrics."""
        broker, readings, doors = self.broker, self.readings, self.doors
        return {
            "mqtt_connected": float(broker.connected),
            "mqtt_connects_total": broker.connects,
            "mqtt_received_total": broker.received,
            "mqtt_published_total": broker.published,
            "mqtt_refused_total": broker.unpublished,
            "mqtt_lost_total": broker.lost,
            "mqtt_faults_total": broker.faults,
            "mqtt_duplicate_client_id": float(broker.duplicate_id),
            "readings_unchanged_total": readings.unchanged,
            "readings_recorded_total": readings.recorded,
            "readings_refused_total": readings.refused,
            "readings_ignored_total": readings.ignored,
            "readings_late_total": readings.late,
            "inbox_topics": len(readings.inbox),
            "devices_known": len(readings.table),
            "devices_silent": self.presence.count(DeviceState.SILENT),
            "devices_low_battery": self.presence.count(DeviceState.LOW_BATTERY),
            "devices_stuck": self.presence.doubts["stuck"],
            "devices_contradicted": self.presence.doubts["contradicted"],
            "room_states_published_total": doors.rooms_published,
            "panel_states_published_total": doors.panels_published,
            "panel_commands_total": self.commands.count,
            "panel_commands_refused_total": self.commands.refused,
        }
