"""What fills the words of a refusal, as JSON and back: stored, noted in a file, told by another process."""

from collections.abc import Mapping
from typing import Any

from registry.core.errors import Reason, Term


def plain_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The params of a refusal as JSON, words among them with their text."""
    return {name: _plain(value) for name, value in params.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Term):
        return {"term": str(value), "text": value.text}
    if isinstance(value, Reason):
        return {"reason": value.text, "params": plain_params(value.params)}
    return value if isinstance(value, int | str | None) else str(value)


def worded_params(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Params that were made plain. Raises KeyError for what they are not."""
    return {name: _worded(value) for name, value in plain.items()}


def _worded(value: Any) -> Any:
    if isinstance(value, dict):
        if "term" in value:
            return Term(value["term"], value["text"])
        return Reason(value["reason"], **worded_params(value["params"]))
    return value
