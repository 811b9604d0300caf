"""Copy this file to teach Izba a device family, and put its samples into tests/data/mqtt/<family>.jsonl.

1. Name the family and say which topics are its own: :func:`matches`.
2. Tell what a message says: :func:`decode`. The topic and payload have passed the hygiene; ``incoming.value`` is the
   JSON value, or a ``payload.PlainText``. Ask no clock, keep no memory, never raise for what a device sends.
3. Enter the family into ``FAMILIES`` of ``devices/codecs/__init__.py`` with the filters to subscribe to.

A ``Draft`` holds the rules that every family shares: any positive evidence wins, a refused value leaves its reason, a
tampered, disabled, simulated or future value proves nothing, a retained one is of unknown age.
"""

from devices.codecs.draft import Draft
from devices.codecs.message import Decoded, Incoming
from devices.codecs.values import up_down
from devices.topics import Route

FAMILY = "blueprint"


def matches(route: Route) -> bool:
    """``blueprint/<device>`` and ``blueprint/<device>/online``."""
    return route.levels[0] == "blueprint" and len(route.levels) in (2, 3)


def decode(incoming: Incoming) -> Decoded:
    """``{"seen": true, "charge": 87, "time": 1772015093}``."""
    device = incoming.route.levels[1]
    if incoming.route.levels[-1] == "online":
        return Decoded(FAMILY, device, online=up_down(incoming.value))
    draft = Draft(incoming)
    if not isinstance(incoming.value, dict):
        return draft.finish(FAMILY, device)
    if "seen" in incoming.value:
        draft.take_presence(incoming.value["seen"])
    if "charge" in incoming.value:
        draft.take_battery(incoming.value["charge"])
    draft.stamp = incoming.value.get("time")
    draft.take_health(incoming.value)
    draft.take_facts(incoming.value, incoming.value)
    return draft.finish(FAMILY, device)
