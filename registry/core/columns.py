"""Columns that a migration adds and drops. The library drops one of SQLite by making its table anew, and leaves out the
indexes and triggers, the unique ones too: these let the database drop it.
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


async def _drop(editor: Any, model: Any, column: str) -> None:
    await editor.client.execute_query(f'ALTER TABLE "{model._meta.db_table}" DROP COLUMN "{column}"')
