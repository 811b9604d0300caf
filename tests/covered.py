"""Which lines and branches the tests run, where ``COVERED_IN`` names a directory for the counts of each process.

Counted by slipcover: it writes a probe into each line and takes it out once the line has run. To trace every line, as
coverage.py must on this Python, takes three times as long as the tests themselves.
"""

import json
import os
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import slipcover

ROOT = Path(__file__).parent.parent
SOURCES = [str(ROOT / folder) for folder in ("registry", "devices", "web", "config")]
OMITTED = [str(ROOT / "registry/migrations/*")]
NO_CODE = [r"pragma: no cover", r"if TYPE_CHECKING:", r"\.\.\.$"]
# of everything, and of what is pure: rules, words on the wire, codes
ENOUGH = 95
WHOLE = (
    "registry/*/rules.py", "registry/*/recurrence.py", "registry/*/tags.py", "registry/*/state.py",
    "registry/*/door.py", "devices/codecs/*", "devices/topics.py",
)  # fmt: skip
DIRECTORY = os.environ.get("COVERED_IN", "")


def _begin() -> slipcover.Slipcover:
    counter = slipcover.Slipcover(branch=True, source=SOURCES, omit=OMITTED, exclude_lines=NO_CODE)
    slipcover.ImportManager(counter, slipcover.FileMatcher(sources=SOURCES, omit=OMITTED)).__enter__()
    return counter


# a worker counts whatever it imports after this file
_counter = _begin() if DIRECTORY and "PYTEST_XDIST_WORKER" in os.environ else None


def write_counts() -> None:
    """What this process has counted, into the directory."""
    if _counter is not None:
        Path(DIRECTORY).mkdir(parents=True, exist_ok=True)
        (Path(DIRECTORY) / f"{os.getpid()}.json").write_text(json.dumps(_counter.get_coverage()))


def table() -> tuple[list[str], bool]:
    """What all processes have counted together, as lines of a table, and whether it is enough."""
    counts = [json.loads(path.read_text()) for path in sorted(Path(DIRECTORY).glob("*.json"))]
    total = counts[0]
    for more in counts[1:]:
        slipcover.merge_coverage(total, more)
    wanting = [
        (name, file) for name, file in sorted(total["files"].items()) if file["summary"]["percent_covered"] < 100
    ]
    lines = [_line(name, file) for name, file in wanting]
    broken = [name for name, _ in wanting if any(fnmatch(name, pattern) for pattern in WHOLE)]
    percent = total["summary"]["percent_covered"]
    lines += [f"{percent:.2f} % of {len(total['files'])} files is covered; {ENOUGH} % must be"]
    lines += [f"{name} must be covered wholly" for name in broken]
    return lines, percent >= ENOUGH and not broken


def _line(name: str, file: dict[str, Any]) -> str:
    branches = [f"{start}->{end or 'exit'}" for start, end in file["missing_branches"]]
    places = ", ".join([*map(str, file["missing_lines"]), *branches])
    return f"{name:60} {file['summary']['percent_covered']:5.1f} %  {places[:160]}"
