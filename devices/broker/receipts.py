"""What became of what we published: the topics that the broker did not take, and why."""

from typing import Any

UNHEARD = "it does not come back"


class Receipts:
    """Of one connection. A receipt comes in paho's thread; what it says is noted in the loop.

    MQTT 3.1.1 answers a refused publish as it answers any other: there a topic is missed that we listen to ourselves.
    """

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}  # the reason by topic, of retained states
        self._echoed: set[str] = set()
        self._topics: dict[int, tuple[str, bool]] = {}  # by the packet's number, which begins anew after 65 535

    def expect(self, mid: int, topic: str, is_state: bool) -> None:
        """A publish is under way; of a state it is remembered that it was refused, until it is taken."""
        self._topics[mid] = topic, is_state

    def is_worth_a_look(self, mid: int, code: Any) -> bool:
        """Whether the loop has to note this receipt: it is a refusal, or perhaps the end of one. In paho's thread."""
        if code.is_failure or self.refused:
            return True
        self._topics.pop(mid, None)
        return False

    def note(self, mid: int, code: Any) -> str:
        """The topic that was refused, empty for one that was taken."""
        topic, is_state = self._topics.pop(mid, ("", False))
        if not code.is_failure:
            self.refused.pop(topic, None)
            return ""
        if is_state:
            self.refused[topic] = str(code)
        return topic

    def hear(self, topic: str) -> None:
        """What we published has come back."""
        self._echoed.add(topic)
        if self.refused.get(topic) == UNHEARD:
            del self.refused[topic]

    def miss(self, topic: str) -> bool:
        """Note a topic that should have come back by now; whether that is news."""
        if topic in self._echoed or topic in self.refused:
            return False
        self.refused[topic] = UNHEARD
        return True
