"""Migrations that draw their models only when an operation looks at them.

The library copies all models before each operation and makes classes of every copy, each with the filters of all its
columns, in case the operation wants to look: most of the time that migrations took, and more with each one that comes.
Here a class is made when it is asked for, with those that it refers to.
"""

from collections.abc import Iterable, Mapping

from tortoise.fields.relational import ForeignKeyFieldInstance, ManyToManyFieldInstance
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

ModelKey = tuple[str, str]
REFERENCES = (ForeignKeyFieldInstance, ManyToManyFieldInstance)  # a one-to-one field is a foreign key


class PatientApps(StateApps):
    """The classes of models, each made when it is asked for, with those that it refers to and theirs."""

    def __init__(self, states: Mapping[ModelKey, ModelState], default_connections: dict[str, str]) -> None:
        super().__init__(default_connections)
        self.states = states

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        if model_name is None:
            app_label, model_name = self.split_reference(app_label)
        if model_name not in self.apps.get(app_label, {}):
            self._draw((app_label, model_name))
        return super().get_model(app_label, model_name)

    def _draw(self, key: ModelKey) -> None:
        keys, present = [key], {(label, name) for label, models in self.apps.items() for name in models}
        for one in keys:
            if one not in present and one in self.states:
                present.add(one)
                self.register_model(one[0], self.states[one].render(self))
                fields = self.states[one].fields.values()
                keys += [self.split_reference(field.model_name) for field in fields if isinstance(field, REFERENCES)]
        self._init_relations()
        self._build_initial_querysets()


class PatientState(State):
    """The models as they are between two operations, whose classes nobody has asked for yet."""

    def __init__(self, models: dict[ModelKey, ModelState], default_connections: dict[str, str]) -> None:
        self.models = models
        self._connections = default_connections
        self._classes: PatientApps | None = None

    @property
    def apps(self) -> PatientApps:  # type: ignore[override]  # nobody sets it after __init__
        """The classes of the models as they are now."""
        if self._classes is None:
            self._classes = PatientApps(self.models, self._connections)
        return self._classes

    def reload_model(self, app_label: str, model_name: str) -> None:
        """Raises LookupError for a model that is not there."""
        if (app_label, model_name) not in self.models:
            raise LookupError(f"Model state {app_label}.{model_name} is unknown")
        self._classes = None

    def reload_models(self, model_tuples: Iterable[ModelKey]) -> None:
        self._classes = None

    def clone(self) -> "PatientState":
        return PatientState({key: model.clone() for key, model in self.models.items()}, self._connections)


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
        state = PatientState({}, connections)
        states: dict[MigrationKey, State] = {}
        for key in self._full_plan():
            migration = self.loader.graph.nodes[key]
            if key in applied and migration is not None:
                states[key] = state.clone()
                await migration.apply(state, dry_run=True, schema_editor=None)
        return states, state
