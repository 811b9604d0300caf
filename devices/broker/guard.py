"""Nobody speaks in our name: what somebody else retains where only Izba publishes is put right.

Every topic of ours is heard too. The last word on it counts, so that what an older broker repeats to its own sender
does no harm, and a wrong one is replaced a moment later. Whoever keeps at it is answered ever less: two Izbas that
share a prefix by mistake do not shout at each other for ever.

The embedded broker would repeat to us all that we publish, which costs a sixth of the bookings a second. It is asked
every few seconds what it has retained instead.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devices.broker.connection import Broker
from devices.messages import Arrived
from devices.topics import BadTopic, Part, Topics

log = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
AT_ONCE = 100
GLANCE_SECONDS, GLANCE_LOOK, GLANCE_LOOKS = 3.0, 0.05, 30
# so many retained messages at most does the embedded broker hand to a new subscription
HANDED_OUT = 100
FIRST_PAUSE, LONGEST_PAUSE, CALM = 2.0, 3600.0, 600.0
AGAIN_AND_AGAIN = 3
OUTWARD = frozenset({Part.STATUS, Part.ROOM_STATE, Part.ROOM_LIGHT, Part.PANEL_STATE})


@dataclass(slots=True)
class Dispute:
    """A topic that somebody else published to. It may be put right from ``due`` on, a monotonic second."""

    due: float
    pause: float = FIRST_PAUSE
    repairs: int = 0
    is_wrong: bool = True


class Guard:
    """``is_ours`` says of a retained topic and payload that nobody keeps whether it is an old one of our own. Without
    ``is_thorough``, for the embedded broker, only the status is heard; rooms and doors are glanced at.
    """

    def __init__(
        self, broker: Broker, topics: Topics, is_ours: Callable[[str, bytes], bool], is_thorough: bool = True
    ) -> None:
        # counted for /metrics
        self.repaired = 0
        self.disputes: dict[str, Dispute] = {}
        self._broker, self._topics, self._is_ours = broker, topics, is_ours
        self._branches = tuple(f"{topics.prefix}/{branch}" for branch in ("rooms/", "panels/", "status"))
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_thorough = is_thorough
        # what a glance has not shown yet, and what should have been retained at the last one
        self._awaited: dict[str, bytes] = {}
        self._former: dict[str, bytes] = {}
        self._missing: set[str] = set()
        self._shown = 0
        if is_thorough:
            broker.listen(topics.outward(), is_foreign_only=True, is_vital=False)
        # with the broker's own words: a last will that comes late is published in our name
        broker.listen([topics.status], is_vital=False)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep(), name="guard")]
        if not self._is_thorough:
            self._tasks.append(loop.create_task(self._glance_around(), name="guard-glance"))

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def sift(self, batch: Sequence[Arrived]) -> Sequence[Arrived]:
        """Look at what was said where only Izba publishes, and return all else."""
        others = []
        for message in batch:
            if message.topic.startswith(self._branches) and self._is_outward(message):
                self._hear(message, time.monotonic())
            else:
                others.append(message)
        return others

    def _is_outward(self, message: Arrived) -> bool:
        try:
            own = self._topics.parse(message.topic)
        except BadTopic:
            return False
        return own is not None and own.part in OUTWARD

    def _hear(self, message: Arrived, now: float) -> None:
        right = self._broker.kept(message.topic)
        self._shown += message.retained
        if right is None:
            if message.retained and message.payload and self._is_ours(message.topic, message.payload):
                self._dispute(message.topic, now)
        elif message.retained:
            # every connection begins with publishing what is right, so only a glance shows what is not
            self._compare(message, right, now)
        elif message.payload != right:
            self._dispute(message.topic, now)
        elif message.topic in self.disputes:
            self.disputes[message.topic].is_wrong = False

    def _compare(self, message: Arrived, right: bytes, now: float) -> None:
        if self._awaited.pop(message.topic, None) == right != message.payload:
            self._dispute(message.topic, now)

    async def _glance_around(self) -> None:
        while True:
            await asyncio.sleep(GLANCE_SECONDS)
            if not self.begin_glance():
                continue
            self._broker.look(self._topics.outward())
            for _ in range(GLANCE_LOOKS):
                # asked to look away at once, the broker shows nothing
                await asyncio.sleep(GLANCE_LOOK)
                if not self._awaited or self._shown >= HANDED_OUT:
                    break
            self._broker.look_away(self._topics.outward())
            self.end_glance(time.monotonic())

    def begin_glance(self) -> bool:
        """Whether there is anything to look for: what was right at the last glance too. What has just been published
        may still be on its way.
        """
        kept = self._broker.all_kept() if self._broker.connected else {}
        kept.pop(self._topics.status, None)
        self._awaited = {topic: payload for topic, payload in kept.items() if self._former.get(topic) == payload}
        self._former, self._shown = kept, 0
        return bool(self._awaited)

    def end_glance(self, now: float) -> None:
        """What two glances did not show was cleared, if they were answered in full."""
        is_full = self._broker.connected and 0 < self._shown < HANDED_OUT
        missing = {topic for topic, payload in self._awaited.items() if is_full and self._broker.kept(topic) == payload}
        for topic in missing & self._missing:
            self._dispute(topic, now)
        self._missing, self._awaited = missing, {}

    def _dispute(self, topic: str, now: float) -> None:
        dispute = self.disputes.setdefault(topic, Dispute(due=now + ROUND_SECONDS))
        dispute.is_wrong = True
        self._wake.set()

    async def _keep(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(ROUND_SECONDS)
            self.repair(time.monotonic())
            if not self.disputes:
                self._wake.clear()

    def repair(self, now: float) -> int:
        """Publish anew what is right, of the topics whose time has come; returns how many those were."""
        if not self._broker.connected:
            return 0
        due = [topic for topic, one in self.disputes.items() if one.is_wrong and one.due <= now][:AT_ONCE]
        for topic in due:
            self._broker.repeat(topic)
            dispute = self.disputes[topic]
            dispute.is_wrong, dispute.repairs = False, dispute.repairs + 1
            dispute.due, dispute.pause = now + dispute.pause, min(dispute.pause * 2, LONGEST_PAUSE)
        self.repaired += len(due)
        self._complain(due)
        over = [topic for topic, one in self.disputes.items() if not one.is_wrong and now >= one.due + CALM]
        for topic in over:
            del self.disputes[topic]
        return len(due)

    def _complain(self, repaired: Sequence[str]) -> None:
        often = [topic for topic in repaired if self.disputes[topic].repairs >= AGAIN_AND_AGAIN]
        if often:
            log.error("somebody publishes in our name: a second Izba with this prefix?", extra={"topics": often[:5]})
        elif repaired:
            log.warning("somebody published in our name, it is put right", extra={"topics": list(repaired[:5])})
