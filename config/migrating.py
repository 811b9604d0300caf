"""Migrations that draw their models only when an operation looks at them.

The library copies all models before each operation and makes classes of every copy, each with the filters of all its
columns, in case the operation wants to look: most of the time that migrations took, and more with each one that comes.
Here classes are made when they are asked for.
"""

from collections.abc import Iterable

from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps

ModelKey = tuple[str, str]


class PatientState(State):
    """The models as they are between two operations. What is not ``is_drawn`` has another state's classes to copy."""

    def __init__(self, models: dict[ModelKey, ModelState], classes: StateApps, is_drawn: bool = True) -> None:
        self.models = models
        self._classes = classes
        self._is_drawn = is_drawn
        self._outdated: set[ModelKey] = set()

    @property
    def apps(self) -> StateApps:  # type: ignore[override]  # nobody sets it after __init__
        """The classes of the models, drawn now if they are not yet what the models say."""
        outdated, self._outdated = self._outdated, set()
        if not self._is_drawn:
            self._classes, self._is_drawn = self._classes.clone(model_states=self.models), True
        elif outdated:
            super().reload_models(outdated)
        return self._classes

    def reload_model(self, app_label: str, model_name: str) -> None:
        """Raises LookupError for a model that is not there."""
        if (app_label, model_name) not in self.models:
            raise LookupError(f"Model state {app_label}.{model_name} is unknown")
        self._outdated.add((app_label, model_name))

    def reload_models(self, model_tuples: Iterable[ModelKey]) -> None:
        self._outdated.update(model_tuples)

    def validate_relations_initialized(self) -> None:
        """Of what is drawn; nobody draws to see whether it could be."""
        if self._is_drawn and not self._outdated:
            super().validate_relations_initialized()

    def clone(self) -> "PatientState":
        models = {key: model.clone() for key, model in self.models.items()}
        return PatientState(models, self._classes, is_drawn=False)


class PatientExecutor(MigrationExecutor):
    """The library's, with states that wait."""

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        states, newest = await self._states(applied)
        return states.get(upto, newest) if upto else newest

    async def _project_state_cache(self, applied: set[MigrationKey]) -> dict[MigrationKey, State]:
        states, _ = await self._states(applied)
        return states

    async def _states(self, applied: set[MigrationKey]) -> tuple[dict[MigrationKey, State], State]:
        """The models before each migration that was applied, and after the last."""
        connections = {
            label: app.get("default_connection", "default") for label, app in self.loader.apps_config.items()
        }
        state = PatientState({}, StateApps(default_connections=connections))
        states: dict[MigrationKey, State] = {}
        for key in self._full_plan():
            migration = self.loader.graph.nodes[key]
            if key in applied and migration is not None:
                states[key] = state.clone()
                await migration.apply(state, dry_run=True, schema_editor=None)
        return states, state
