"""Every act that the register writes into the history has its word, and every kind of thing its name."""

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.assets.transitions import TRANSITIONS
from registry.bookings import release
from registry.faults.records import ENTRIES
from registry.faults.rules import REPORTED
from tests.conftest import ROOT
from web.history.act_words import OF_KIND
from web.history.search_pages import KIND_WORDS
from web.history.words import ACTION_WORDS


def second_of_answers(function: Callable[..., object]) -> set[str]:
    """The texts that a function answers second, of a pair."""
    answers = [one.value for one in ast.walk(ast.parse(inspect.getsource(function))) if isinstance(one, ast.Return)]
    return {
        one.elts[1].value for one in answers if isinstance(one, ast.Tuple) and isinstance(one.elts[1], ast.Constant)
    }


# what an action is that stands in a table of the code, by how the code writes it
TABLES = {
    "transition.entry": {row.entry for row in TRANSITIONS.values()},
    "ENTRIES[act]": set(ENTRIES.values()),
    "rules.REPORTED": {REPORTED},
    "REPORTED": {REPORTED},
    "_ACTS[step.act](booking, room, now)": set().union(*map(second_of_answers, release._ACTS.values())) - {""},
}
WRITERS = {"write", "first", "write_new", "write_next"}  # each is given the action second
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class CodeFunction:
    """A function of the register and the file in which it stands."""

    node: FunctionNode
    path: Path

    def key(self, name: str) -> tuple[str, str]:
        """What a name means in its file: one that begins with _ is the file's own."""
        return str(self.path) if name.startswith("_") else "", name


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call, and the function in which it stands."""

    call: ast.Call
    function: CodeFunction


def functions() -> Iterator[CodeFunction]:
    for path in sorted((ROOT / "registry").rglob("*.py")):
        if "migrations" not in path.parts and path != ROOT / "registry" / "core" / "history.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from (CodeFunction(node, path) for node in ast.walk(tree) if isinstance(node, FunctionNode))


FUNCTIONS: dict[tuple[str, str], CodeFunction] = {}
CALLS: dict[tuple[str, str], list[CallSite]] = {}
for function in functions():
    FUNCTIONS[function.key(function.node.name)] = function
    for node in ast.walk(function.node):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            CALLS.setdefault(function.key(name), []).append(CallSite(node, function))


def values(expression: ast.expr, function: CodeFunction) -> set[str]:
    """All that an expression in a function may be: a text, one of two, a local name, a parameter as callers give it, or
    what a function of the tree returns.
    """
    text = ast.unparse(expression)
    if text in TABLES:
        return TABLES[text]
    if isinstance(expression, ast.Constant):
        return {expression.value} if isinstance(expression.value, str) else set()
    if isinstance(expression, ast.IfExp):
        return values(expression.body, function) | values(expression.orelse, function)
    if isinstance(expression, ast.Call):
        callee = FUNCTIONS[function.key(text.partition("(")[0])]
        answers = [one.value for one in ast.walk(callee.node) if isinstance(one, ast.Return) and one.value]
        return set().union(*(values(answer, callee) for answer in answers))
    assert isinstance(expression, ast.Name), f"where does {text} in {function} come from?"
    names = [one.arg for one in (*function.node.args.args, *function.node.args.kwonlyargs)]
    if text in names:
        return of_callers(function, text, names.index(text))
    assignments = [one for one in ast.walk(function.node) if isinstance(one, ast.Assign)]
    sources = [source for one in assignments for source in of_name(one, text)]
    assert sources, f"where does {text} in {function} come from?"
    return set().union(*(values(source, function) for source in sources))


def of_callers(function: CodeFunction, name: str, place: int) -> set[str]:
    texts: set[str] = set()
    for site in CALLS[function.key(function.node.name)]:
        by_name = {keyword.arg: keyword.value for keyword in site.call.keywords}
        texts |= values(by_name.get(name) or site.call.args[place], site.function)
    return texts


def of_name(assignment: ast.Assign, name: str) -> Iterator[ast.expr]:
    """What an assignment puts under a name, alone or as a part of a pair."""
    value = assignment.value
    for target in assignment.targets:
        parts = target.elts if isinstance(target, ast.Tuple) else [target]
        each = value.elts if isinstance(value, ast.Tuple) else [value] * len(parts)
        yield from (one for part, one in zip(parts, each, strict=True) if ast.unparse(part) == name)


def kind_of(thing: ast.expr) -> str:
    """room, of f"room:{room.id}" or [(f"room:{room.id}", after)]; nothing where another place says it."""
    texts = [one.value for one in ast.walk(thing) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return texts[0].partition(":")[0] if texts and ":" in texts[0] else ""


def acts() -> set[tuple[str, str]]:
    """Every act of the code with the kind of its thing, which may be unknown."""
    names = {site: ast.unparse(site.call.func) for sites in CALLS.values() for site in sites}
    sites = [site for site, name in names.items() if name.startswith("history.") and name[8:] in WRITERS]
    assert len(sites) > 80
    return {
        (kind_of(site.call.args[0]), action) for site in sites for action in values(site.call.args[1], site.function)
    }


def test_every_act_has_a_word() -> None:
    without = [(kind, act) for kind, act in acts() if act not in OF_KIND.get(kind, {}) and act not in ACTION_WORDS]
    assert sorted(without) == []


def test_every_kind_of_thing_can_be_chosen() -> None:
    kinds = {kind for kind, _ in acts()} - {""}
    assert sorted(kinds - KIND_WORDS.keys()) == []
