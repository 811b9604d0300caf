"""Names are nouns: held by reading the code."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_architecture import TREES, WRITTEN, name_of

# a participle says what happened to a thing and leaves out the thing
PARTICIPLES = {
    "told", "found", "given", "seen", "kept", "said", "asked", "heard", "shown", "wanted", "known", "made", "taken",
    "written", "sent", "held", "drawn", "spoken", "meant",
}  # fmt: skip
# words that hide what a file holds
PUNS = {"kept", "once", "own", "outward", "known", "told", "alone", "naming", "board", "locked", "inputs", "whole"}
TESTED = [path for folder in ("tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
ARCHITECTURE = ROOT / "docs" / "explanation" / "architecture.md"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
HOP = re.compile(r"`((?:registry|devices|web|config)/[\w/.-]+\.(?:py|js)):([\w.]+)`")


def variables(tree: ast.AST) -> set[tuple[int, str]]:
    """Every name that is bound in a function or a module: assigned, a parameter, a loop's. Fields of a class are not:
    an answer may say ``written``.
    """
    fields = {field for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for field in map(id, targets(node))}
    return {
        (node.lineno, node.arg if isinstance(node, ast.arg) else node.id)
        for node in ast.walk(tree)
        if isinstance(node, ast.arg)
        or isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Store)
        and id(node) not in fields
    }


def targets(node: ast.ClassDef) -> list[ast.expr]:
    return [line.target for line in node.body if isinstance(line, ast.AnnAssign)]


def test_a_variable_is_no_bare_participle() -> None:
    trees = TREES | {path: ast.parse(path.read_text(encoding="utf-8")) for path in TESTED}
    faults = {
        name_of(path): sorted(f"line {line}: {name}" for line, name in variables(tree) if name in PARTICIPLES)
        for path, tree in trees.items()
    }
    assert {name: lines for name, lines in faults.items() if lines} == {}


def test_a_class_name_stands_for_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name != "Meta":
                places[node.name].append(f"{name_of(path)}:{node.lineno}")
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_a_file_is_named_after_what_it_holds() -> None:
    assert [name_of(path) for path in WRITTEN if path.stem in PUNS] == []


# the ways through the code


def ways() -> dict[str, list[tuple[str, str]]]:
    """The hops of each way that the page draws: a file and a function, or a class."""
    parts = re.split(r"^## ", ARCHITECTURE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {part.splitlines()[0]: HOP.findall(part) for part in parts[1:] if HOP.search(part)}


@pytest.mark.parametrize("way", ways())
def test_every_hop_of_a_way_is_there(way: str) -> None:
    assert [f"{file}:{function}" for file, function in ways()[way] if not exists(ROOT / file, function)] == []


def exists(path: Path, function: str) -> bool:
    """Whether a file defines this function, ``Class.method`` included."""
    if not path.is_file():
        return False
    if path.suffix == ".js":
        return re.search(rf"\bfunction {re.escape(function)}\b", path.read_text(encoding="utf-8")) is not None
    scope: ast.AST = ast.parse(path.read_text(encoding="utf-8"))
    for name in function.split("."):
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        inner = next(
            (node for node in ast.iter_child_nodes(scope) if isinstance(node, kinds) and node.name == name), None
        )
        if inner is None:
            return False
        scope = inner
    return True


def test_there_are_five_ways_and_each_is_short() -> None:
    numbered = {name: hops for name, hops in ways().items() if name[0].isdigit()}
    assert len(numbered) == 5
    assert {name: len(hops) for name, hops in numbered.items() if len(hops) > 10} == {}
