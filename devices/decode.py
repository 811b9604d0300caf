"""``izba devices decode``: what Izba understands of a message."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from devices import codecs
from devices.messages import Decoded


def decode_line(
    topic: str,
    payload: bytes,
    retained: bool,
    bind: Mapping[str, Any],
    now: datetime | None = None,
    prefix: str = "izba",
) -> dict[str, Any]:
    """One message as ``{family, device, occupied, people, battery, online, other, refused?}``. Never raises.

    ``bind`` is what an operator would configure: ``occupancy``, ``people``, ``battery`` or ``online`` with the key of
    the value, ``family`` with a codec's name.
    """
    binding = {str(key): str(value) for key, value in bind.items()}
    told = codecs.decode(topic, payload, retained, binding, now or datetime.now(UTC), prefix).as_dict()
    told["device"] = told["device"].encode("utf-8", "replace").decode()
    return told


class _Kept(msgspec.Struct):
    """A message in a file: the payload is text, or base64 when it says so."""

    topic: str
    payload: str = ""
    payload_encoding: str = ""
    retain: Any = None
    binding: Any = None

    @property
    def raw(self) -> bytes:
        return base64.b64decode(self.payload) if self.payload_encoding == "base64" else self.payload.encode()


_read = msgspec.json.Decoder(_Kept).decode


def decode_kept(line: bytes, bind: Mapping[str, Any]) -> dict[str, Any]:
    """One line of a file of messages, as ``decode_line``. What is no message is refused. Never raises."""
    try:
        kept = _read(line)
        raw = kept.raw
    except ValueError as fault:  # msgspec's and base64's are of this kind
        reason = f"not a message in a file: {fault}"
        return Decoded("", "", refused=reason, other={"error": reason}).as_dict()
    binding = kept.binding if isinstance(kept.binding, dict) else {}
    return decode_line(kept.topic, raw, bool(kept.retain), {**binding, **bind})
