"""Models that are drawn once for each kind of database, not once for each test that opens one.

The library draws the filters, columns and first queries of all models whenever a database is opened: a seventh of the
time that tests took. A program opens one, the tests four thousand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import pytest
from tortoise.apps import Apps
from tortoise.models import Model

DRAWN = (
    "filters", "db_native_fields", "db_default_fields", "db_complex_fields", "basetable", "basequery",
    "basequery_all_fields",
)  # fmt: skip


@contextmanager
def drawn_once() -> Iterator[None]:
    """What a model is to a kind of database is taken from the first that was opened."""
    draw, drawings = Apps._build_initial_querysets, dict[tuple[type[Model], type], dict[str, Any]]()

    def draw_once(apps: Apps) -> None:
        models = [model for app in apps.apps.values() for model in app.values()]
        keys = [(model, model._meta.db.executor_class) for model in models]
        if type(apps) is not Apps:  # the models of a migration
            draw(apps)
        elif all(key in drawings for key in keys):
            for model, kind in keys:
                for name, value in drawings[model, kind].items():
                    setattr(model._meta, name, copy(value))
        else:
            draw(apps)
            drawings.update(
                ((model, kind), {name: copy(getattr(model._meta, name)) for name in DRAWN}) for model, kind in keys
            )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Apps, "_build_initial_querysets", draw_once)
        yield
