"""The sample lists and what each must be read as: every field of expected.json is compared, none is passed over."""

import json
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "data" / "import"
EXPECTED: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
OURS = {"inventoryNo": "inventory_no", "date": "acquired_on", "serialNo": "serial_no", "qty": "quantity",
        "unitPrice": "unit_price", "euShare": "eu_share"}  # fmt: skip
TOTALS = {"control_total_in_file": "given", "control_total_computed": "computed"}


def differences(told: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """What a report says otherwise than it should."""
    found = []
    for name, value in expected.items():
        if name == "rows":
            continue
        given = told["control_total"][TOTALS[name]] if name in TOTALS else told[name]
        if given != value:
            found.append(f"{name}: {given!r} instead of {value!r}")
    if len(told["rows"]) != len(expected["rows"]):
        return [*found, f"{len(told['rows'])} rows instead of {len(expected['rows'])}"]
    for row, wanted in zip(told["rows"], expected["rows"], strict=True):
        found += [f"line {row['line']}: {difference}" for difference in _of_row(row, wanted)]
    return found


def _of_row(row: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    found = []
    for name, value in wanted.items():
        if name in ("warnings", "errors"):
            continue
        given = row["values"][OURS.get(name, name)]
        if given != (int(value) if name == "qty" else value):
            found.append(f"{name}: {given!r} instead of {value!r}")
    status = "error" if "errors" in wanted else "warning" if "warnings" in wanted else "ok"
    if row["status"] != status:
        found.append(f"status {row['status']} instead of {status}")
    told, details = row["problems"], [*wanted.get("warnings", []), *wanted.get("errors", [])]
    if len(told) != len(details) or not all(map(_is_said, told, details)):
        found.append(f"{told} instead of {details}")
    return found


def _is_said(problem: dict[str, str], detail: str) -> bool:
    """``INVALID_DATE 30.02.2022`` names what was given, ``DUPLICATE_INVENTORY_NO row 2`` the other line."""
    code, _, more = detail.partition(" ")
    if problem["code"] != code:
        return False
    if more.startswith("row "):
        return more.removeprefix("row ") in problem["hint"].split()
    return not more or problem["given"] == more
