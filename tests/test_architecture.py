"""The shape of the code, held by reading it: arrows, purity, sizes, foreign keys, times, names."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import grimp
from tortoise import Tortoise, fields
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.models import Model

from config.database import MODELS
from config.settings import Settings
from registry.core.fields import UTCDatetimeField
from tests.conftest import ROOT

FOLDERS = ("registry", "devices", "web", "config")
SOURCES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
WRITTEN = [path for path in SOURCES if "migrations" not in path.parts]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in WRITTEN}

FILE_LINES, FUNCTION_LINES = 600, 60
PURE_NAMES = {"rules.py", "hours.py", "occupancy.py", "recurrence.py", "tags.py", "topics.py", "state.py", "door.py"}
INNER = [path for path in WRITTEN if path.relative_to(ROOT).parts[0] in ("registry", "devices")]
PURE = [path for path in INNER if path.name in PURE_NAMES or "codecs" in path.parts]
IMPURE_MODULES = {"logging", "structlog", "time", "asyncio", "random", "socket", "tortoise", "os", "subprocess"}
CLOCKS = {"now", "utcnow", "today"}
BANNED_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "managers",
    "service",
    "services",
    "base",
    "common",
    "misc",
}
MODEL_METHODS = {"all", "filter", "exclude", "get", "get_or_none", "create", "bulk_create", "exists"}
QUERY_METHODS = {"select_related", "prefetch_related", "fetch_related", "values_list", "order_by", "execute_query"}
GRAPH = grimp.build_graph(*FOLDERS, cache_dir=None)
IMPORTS = {module: GRAPH.find_modules_directly_imported_by(module) for module in GRAPH.modules}
EXCEPTION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no)")
REASONED = re.compile(r"#\s*(noqa:\s*[A-Z0-9, ]+|type:\s*ignore\[[^]]+\]|pragma:\s*no \w+)\s*#\s*\w")
LATER = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def where(faults_of: Callable[[Path], list[str]], paths: list[Path] = WRITTEN) -> dict[str, list[str]]:
    """The files with faults, each with its own."""
    return {name_of(path): faults for path in paths if (faults := faults_of(path))}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


# arrows


def test_the_arrows_hold() -> None:
    process = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stdout


def test_no_top_level_folder_of_code_was_added() -> None:
    folders = {*FOLDERS, "tests", "benchmarks"}
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {line.split("/")[0] for line in tracked.stdout.split()} <= folders


def test_no_files_import_each_other_in_a_circle() -> None:
    """Imports inside functions and under ``TYPE_CHECKING`` count."""
    assert circle() == []


def circle() -> list[str]:
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as fault:
        return list(fault.args[1])
    return []


def test_what_is_asked_never_needs_what_changes() -> None:
    assert [
        f"{module} imports {name}"
        for module, names in IMPORTS.items()
        for name in names
        if module.endswith(".queries") and name.endswith(".actions")
    ] == []


def test_no_orm_query_stands_outside_the_registry() -> None:
    """Pages, devices and the demo ask queries and call actions."""
    outer = [path for path in WRITTEN if path.relative_to(ROOT).parts[0] in ("web", "devices")]
    outer += [path for path in WRITTEN if path.relative_to(ROOT).parts[:2] == ("config", "demo")]
    assert where(queries_in, outer) == {}


def queries_in(path: Path) -> list[str]:
    """Calls of a model's query methods, and of what only a query or a record of the library has."""
    names = {model.__name__ for model in models()}
    return [
        f"line {node.lineno}: .{node.func.attr}()"
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (
            (isinstance(node.func.value, ast.Name) and node.func.value.id in names and node.func.attr in MODEL_METHODS)
            or node.func.attr in QUERY_METHODS
        )
    ]


# purity


def test_rules_are_pure() -> None:
    """No await, no database, no clock, no logging: the same question gets the same answer."""
    assert where(impurities) == {}


def impurities(path: Path) -> list[str]:
    faults: list[str] = []
    for node in ast.walk(TREES[path]) if path in PURE else ():
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            faults.append(f"line {node.lineno} waits")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            faults += [f"line {node.lineno} imports {name}" for name in imported(node) if name in IMPURE_MODULES]
        elif isinstance(node, ast.Attribute) and node.attr in CLOCKS and is_clock(node):
            faults.append(f"line {node.lineno} asks the clock")
        elif isinstance(node, ast.Name) and node.id in ("open", "print", "input"):
            faults.append(f"line {node.lineno} uses {node.id}()")
    return faults


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").split(".")[0]]
    return [alias.name.split(".")[0] for alias in node.names]


def is_clock(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date")


def test_the_pure_modules_are_there() -> None:
    assert {"registry/bookings/state.py", "registry/bookings/rules.py", "registry/rooms/hours.py"} <= set(
        map(name_of, PURE)
    )


# sizes


def test_files_are_short() -> None:
    # but for what the migration tool writes, one block per table
    sizes = {name_of(path): length(path) for path in SOURCES if path.name != "0001_initial.py"}
    assert {name: lines for name, lines in sizes.items() if lines > FILE_LINES} == {}
    assert sizes["config/app.py"] <= 120, "the composition root puts together and does nothing else"


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_functions_are_short() -> None:
    assert where(long_functions) == {}


def long_functions(path: Path) -> list[str]:
    return [f"{node.name}: {lines_of(node)}" for node in functions(TREES[path]) if lines_of(node) > FUNCTION_LINES]


def test_most_functions_are_very_short() -> None:
    sizes = sorted(lines_of(node) for tree in TREES.values() for node in functions(tree))
    assert statistics.median(sizes) <= 8
    assert statistics.quantiles(sizes, n=10)[-1] <= 25


def test_most_files_are_well_below_what_they_may_be() -> None:
    assert statistics.quantiles([length(path) for path in WRITTEN], n=10)[-1] <= 350


def test_modules_are_named_after_what_they_hold() -> None:
    assert [name_of(path) for path in SOURCES if path.stem in BANNED_NAMES] == []


# the models


def models() -> list[type[Model]]:
    Tortoise.init_models(MODELS, "registry")
    names = [getattr(sys.modules[module], name) for module in MODELS for name in dir(sys.modules[module])]
    return sorted(
        {one for one in names if isinstance(one, type) and issubclass(one, Model) and one is not Model}, key=str
    )


def test_every_foreign_key_says_what_a_deletion_does() -> None:
    """The library's default deletes a room's equipment with the room."""
    assert where(silent_keys) == {}


def silent_keys(path: Path) -> list[str]:
    return [
        f"line {node.lineno}"
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("ForeignKeyField", "OneToOneField", "ManyToManyField")
        and "on_delete" not in {keyword.arg for keyword in node.keywords}
    ]


def columns() -> Iterator[tuple[str, fields.Field[Any]]]:
    for model in models():
        for name, field in model._meta.fields_map.items():
            yield f"{model.__name__}.{name}", field


def test_every_time_is_stored_as_utc() -> None:
    times = [(name, field) for name, field in columns() if isinstance(field, fields.DatetimeField)]
    assert len(times) > 10
    assert [name for name, field in times if not isinstance(field, UTCDatetimeField)] == []


def test_no_semicolon_goes_into_a_migration() -> None:
    """Migrations on SQLite are split at semicolons, also inside a comment."""
    assert [name for name, field in columns() if ";" in (field.description or "")] == []
    assert [model.__name__ for model in models() if ";" in (model.__doc__ or "")] == []


def test_indexes_name_columns() -> None:
    """On SQLite an index on a relation's name indexes that word, and nothing says so."""
    assert [name for model in models() for name in named_in_indexes(model) & relations(model)] == []


def named_in_indexes(model: type[Model]) -> set[str]:
    return {name for index in model._meta.indexes for name in (index if isinstance(index, tuple) else index.fields)}


def relations(model: type[Model]) -> set[str]:
    return {name for name, field in model._meta.fields_map.items() if isinstance(field, ForeignKeyFieldInstance)}


def test_every_model_is_known_to_the_migrations() -> None:
    homes = {
        f"{path.parent.relative_to(ROOT)}/{path.stem}".replace("/", ".") for path in WRITTEN if path.stem == "models"
    }
    assert homes <= set(MODELS)


# habits


def test_an_exception_to_a_check_has_its_reason() -> None:
    assert where(bare_exceptions) == {}


def bare_exceptions(path: Path) -> list[str]:
    return [
        line.strip()
        for line in path.read_text(encoding="utf-8").splitlines()
        if EXCEPTION.search(line) and not REASONED.search(line)
    ]


def test_nothing_is_left_for_later() -> None:
    assert where(lambda path: LATER.findall(path.read_text(encoding="utf-8"))) == {}


def test_every_setting_is_read_somewhere() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in WRITTEN if path.name != "reference.py")
    assert [name for name in Settings.model_fields if not re.search(rf"(settings|self)\.{name}\b", sources)] == []


def test_the_pins_agree_and_are_sorted() -> None:
    pins = dict(pinned("constraints.txt"))
    for name in ("requirements.txt", "requirements-dev.txt"):
        pins_of = pinned(name)
        assert pins_of == sorted(pins_of), name
        assert {package: version for package, version in pins_of if pins.get(package) != version} == {}, (
            "run: make pins"
        )


def pinned(name: str) -> list[tuple[str, str]]:
    lines = (ROOT / name).read_text().split()
    pairs = [line.split("==") for line in lines if "==" in line]
    return [(re.sub(r"\[.*\]", "", package).lower().replace("_", "-"), version) for package, version in pairs]
