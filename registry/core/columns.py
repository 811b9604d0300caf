"""Columns that a migration adds, drops and describes anew. The library drops one of SQLite by making its table anew,
and leaves out the indexes and triggers, the unique ones too: these let the database drop it.
"""

from typing import Any

from tortoise.migrations import operations as ops


class AddColumn(ops.AddField):
    """As the library's, and taken back without harm."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        await _drop(state_editor, old_state.apps.get_model(f"{app_label}.{self.model_name}"), self.name)


class DropColumn(ops.RemoveField):
    """As the library's, without harm."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        await _drop(state_editor, old_state.apps.get_model(f"{app_label}.{self.model_name}"), self.name)


async def _drop(editor: Any, model: Any, name: str) -> None:
    column = model._meta.fields_map[name].source_field or name  # of a foreign key: its id
    await editor.client.execute_query(f'ALTER TABLE "{model._meta.db_table}" DROP COLUMN "{column}"')


class Redescribe(ops.AlterField):
    """A column that is described otherwise, such as by one more word of a list: nothing differs in the database, and
    SQLite's table is not made anew.
    """

    async def database_forward(self, *_args: Any, **_options: Any) -> None:
        """Nothing to do."""

    async def database_backward(self, *_args: Any, **_options: Any) -> None:
        """Nothing to do."""
