"""Taps on door panels that come by MQTT: read, done once, answered."""

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from devices.broker.connection import Broker, Message
from devices.codecs.payload import Refused, read
from devices.codecs.values import clean
from devices.topics import BadTopic, Topics
from registry.core.errors import Invalid, Refusal, Unavailable, words
from registry.devices.queries import panel_by_code
from registry.doors.actions import ID_LENGTH, PanelCommand, note_panels, panel_command

log = logging.getLogger(__name__)

REMEMBERED = 2_000
WAITING, WAITING_IN_ALL = 20, 200
Translate = Callable[[str], str]


class PanelCommands:
    """Answers every command on the MQTT 5 response topic, or on the panel's reply topic. A repeated id gets the same
    answer, and the register does it once even across a restart.
    """

    def __init__(self, broker: Broker, topics: Topics, clock: Callable[[], datetime], translate: Translate) -> None:
        self.count = self.refused = 0  # for /metrics
        self._broker, self._topics, self._clock, self.translate = broker, topics, clock, translate
        self._answers: OrderedDict[tuple[str, PanelCommand], asyncio.Task[dict[str, Any]]] = OrderedDict()
        self._running: dict[str, set[asyncio.Task[None]]] = {}

    def take(self, panel: str, message: Message, now: datetime) -> None:
        """Begin to do a command; what the broker had kept is no tap, and a panel that floods waits."""
        if message.retained or not message.payload:
            return
        running = self._running.get(panel, set())
        # anybody may invent names of panels, so a flood is held by both
        if len(running) >= WAITING or sum(map(len, self._running.values())) >= WAITING_IN_ALL:
            self.refused += 1
            return
        self._running[panel] = running
        task = asyncio.get_running_loop().create_task(self._answer(panel, message))
        running.add(task)
        task.add_done_callback(lambda ended: self._end(panel, ended))

    def _end(self, panel: str, task: asyncio.Task[None]) -> None:
        running = self._running.get(panel, set())
        running.discard(task)
        if not running:
            self._running.pop(panel, None)

    async def stop(self) -> None:
        """Let what was begun end."""
        tasks = [task for running in self._running.values() for task in running]
        if tasks:
            await asyncio.wait(tasks, timeout=2)

    async def _answer(self, panel: str, message: Message) -> None:
        self.count += 1
        try:
            command = command_of(message.payload)
        except Refusal as refusal:
            self._reply(panel, message, self._no(id_of(message.payload), refusal))
            return
        key = (panel, command)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = asyncio.get_running_loop().create_task(self._do(panel, command))
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        self._reply(panel, message, await asyncio.shield(answer))

    async def _do(self, panel: str, command: PanelCommand) -> dict[str, Any]:
        try:
            device, now = await panel_by_code(panel), self._clock()
            await note_panels([device.id], now)
            await panel_command(device, command, now)
        except Refusal as refusal:
            if isinstance(refusal, Unavailable):
                self._answers.pop((panel, command), None)  # may be tried again
            return self._no(command.id, refusal)
        except Exception:
            log.exception("a panel command failed", extra={"panel": panel})
            self._answers.pop((panel, command), None)
            return {"id": command.id, "ok": False, "code": "internal.fault", "text": self._words("internal.fault", {})}
        return {"id": command.id, "ok": True}

    def _no(self, command_id: str, refusal: Refusal) -> dict[str, Any]:
        self.refused += 1
        return {
            "id": command_id,
            "ok": False,
            "code": refusal.code,
            "text": self._words(refusal.code, refusal.params),
        }

    def _words(self, code: str, params: dict[str, Any]) -> str:
        return words(code, params, self.translate)

    def _reply(self, panel: str, message: Message, answer: dict[str, Any]) -> None:
        payload = json.dumps(answer, ensure_ascii=False).encode()
        try:
            topic = self._reply_topic(panel, message)
            # who asked for no other topic may listen by MQTT 3.1.1, which knows no correlation
            own = topic == self._topics.panel_reply(panel)
            self._broker.send(topic, payload, b"" if own else message.correlation)
        except BadTopic:
            self._broker.send(self._topics.panel_reply(panel), payload)

    def _reply_topic(self, panel: str, message: Message) -> str:
        """Where the panel asked for the answer, unless that is one of our own topics: nobody speaks in our name."""
        response, own = message.response_topic, self._topics.panel_reply(panel)
        return response if response and not self._topics.is_own(response) or response.startswith(own) else own


def id_of(payload: bytes) -> str:
    """The id of a command that cannot be read otherwise, so that the panel knows which one was refused."""
    try:
        value = read(payload)
    except Refused:
        return ""
    command_id = value.get("id") if isinstance(value, dict) else None
    return clean(command_id, ID_LENGTH) if isinstance(command_id, str) else ""


def command_of(payload: bytes) -> PanelCommand:
    """A command as it is sent. Raises Invalid("panel.bad_command")."""
    try:
        value = read(payload)
    except Refused as fault:
        raise Invalid("panel.bad_command", reason=str(fault)) from None
    if not isinstance(value, dict):
        raise Invalid("panel.bad_command", reason="not an object")
    for name, kinds in (("id", str), ("command", str)):
        if not isinstance(value.get(name), kinds):
            raise Invalid("panel.bad_command", reason=name)
    if clean(value["id"], ID_LENGTH) != value["id"]:
        raise Invalid("panel.bad_command", reason="id")  # cut or cleaned it would be another tap's
    for name in ("minutes", "revision"):
        number = value.get(name)
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise Invalid("panel.bad_command", reason=name)
    for name in ("kind", "booking", "proof"):
        if not isinstance(value.get(name), str | None):
            raise Invalid("panel.bad_command", reason=name)
    kind, booking, proof = value.get("kind"), value.get("booking"), value.get("proof")
    return PanelCommand(
        id=value["id"],
        command=clean(value["command"]),
        minutes=value.get("minutes"),
        kind=clean(kind) if kind else kind,
        booking=clean(booking) or None if booking else None,
        revision=value.get("revision"),
        proof=proof or None,
    )
