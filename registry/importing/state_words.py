"""The words by which lists tell where a piece is in its life, and how it is. Pure."""

from registry.assets.models import Condition, Lifecycle
from registry.assets.rules import fold

LIFECYCLES = {
    "w uzyciu": "in_use", "uzytkowany": "in_use", "w uzytkowaniu": "in_use", "magazyn": "in_store",
    "w magazynie": "in_store", "zamowiony": "ordered", "przekazany": "handed_over", "wycofany": "retired",
    "zlikwidowany": "disposed", "likwidacja": "disposed", "skasowany": "disposed", "vyrazeno": "disposed",
    "in use": "in_use", "deployed": "in_use", "active": "in_use", "assigned": "in_use", "checked out": "in_use",
    "in storage": "in_store", "in stock": "in_store", "ready to deploy": "in_store", "available": "in_store",
    "archived": "retired", "in betrieb": "in_use", "lager": "in_store", "ausgemustert": "retired",
    **{fold(state): state for state in Lifecycle}, "withdrawn": "retired", "wpisany omylkowo": "withdrawn",
}  # fmt: skip
CONDITIONS = {
    "sprawny": "ok", "dobry": "ok", "bardzo dobry": "ok", "niesprawny": "faulty", "uszkodzony": "faulty",
    "w naprawie": "in_repair", "naprawa": "in_repair", "good": "ok", "new": "ok", "nowy": "ok", "gut": "ok",
    "broken": "faulty", "defekt": "faulty", "out for repair": "in_repair",
    **{fold(state): state for state in Condition},
}  # fmt: skip
