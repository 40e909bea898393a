"""The lake's verbs for dbt's macros: `firn_call(verb, payload)`, JSON in, JSON out.

Macros run SQL and nothing else, so the verbs come as one function of SQL. An error is
part of the answer: the macro raises it as dbt's own, without a Python traceback.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import (
    NamespaceAlreadyExistsError,
    NoSuchNamespaceError,
    RESTError,
)

from orchestration.build.catalog import describe
from orchestration.errors import FirnError, SetupError
from orchestration.lake import drafts, staging, views
from orchestration.lake.definition import Definition
from orchestration.lake.evolution import evolve
from orchestration.lake.layout import columns_from_1970_on
from orchestration.lake.model import TEMPORARY, TableId
from orchestration.lake.process import Endpoint
from orchestration.lake.ranges import Range, replace_ranges
from orchestration.lake.scans import Bounds, rows_between
from orchestration.lake.session import DATABASE, rest_catalog
from orchestration.lake.updates import key
from orchestration.spark import dialects

log = logging.getLogger(__name__)

Payload = dict[str, Any]


class Calls:
    """The verbs on one branch."""

    def __init__(self, endpoint: Endpoint, branch: str) -> None:
        self._endpoint = endpoint
        self._branch = branch
        self._local = threading.local()  # a session of HTTP is not shared by threads
        self._staged: set[TableId] = set()

    def answer(self, verb: str, payload: str) -> str:
        """Do one verb. `{"result": …}` or `{"error": …}`."""
        try:
            result = self._do(verb, json.loads(payload))
        except FirnError as error:
            return json.dumps({"error": str(error)})
        except RESTError as error:
            log.debug("%s was refused", verb, exc_info=True)
            refusal = SetupError(
                f"the catalog refused {verb}: {error}",
                where=f"branch {self._branch}",
                remedy="`firn doctor` says what is wrong, the catalog's log has more.",
            )
            return json.dumps({"error": str(refusal)})
        except Exception as error:  # the macro must see it, whatever it is
            log.debug("%s failed", verb, exc_info=True)
            return json.dumps({"error": f"{verb}: {type(error).__name__}: {error}"})
        return json.dumps({"result": result})

    def close(self) -> None:
        """Forget what failed models have staged; their tables are as they were."""
        while self._staged:
            staged = self._staged.pop()
            try:
                staging.discard(self._catalog(), staged)
            except Exception:  # a temporary name harms nobody
                log.debug("%s stays", staged, exc_info=True)

    def _do(self, verb: str, payload: Payload) -> Any:
        result = VERBS[verb](self._catalog(), payload)
        if verb in ("stage", "draft"):
            self._staged.add(TableId(payload["schema"], result))
        elif "staged" in payload and result is not False:
            self._staged.discard(_staged(payload))
        return result

    def _catalog(self) -> RestCatalog:
        if not hasattr(self._local, "catalog"):
            self._local.catalog = rest_catalog(self._endpoint, self._branch)
        catalog: RestCatalog = self._local.catalog
        return catalog


def _table(payload: Payload) -> TableId:
    return TableId(payload["schema"], payload["name"])


def _staged(payload: Payload) -> TableId:
    return TableId(payload["schema"], payload["staged"])


def _schemas(catalog: RestCatalog, _: Payload) -> list[str]:
    return [".".join(name) for name in catalog.list_namespaces()]


def _create_schema(catalog: RestCatalog, payload: Payload) -> bool:
    try:
        catalog.create_namespace(tuple(payload["schema"].split(".")))
    except NamespaceAlreadyExistsError:
        return False
    return True


def _drop_schema(catalog: RestCatalog, payload: Payload) -> bool:
    name = tuple(payload["schema"].split("."))
    try:
        for table in catalog.list_tables(name):
            catalog.drop_table(table)
        for view in catalog.list_views(name):
            catalog.drop_view(view)
        catalog.drop_namespace(name)
    except NoSuchNamespaceError:
        return False
    return True


def _list(catalog: RestCatalog, payload: Payload) -> list[str]:
    """The tables or views of a schema, without those that are being built."""
    name = tuple(payload["schema"].split("."))
    kind = catalog.list_views if payload["type"] == "view" else catalog.list_tables
    try:
        found = [identifier[-1] for identifier in kind(name)]
    except NoSuchNamespaceError:
        return []
    return [name for name in found if TEMPORARY not in name]


def _drop(catalog: RestCatalog, payload: Payload) -> None:
    table = _table(payload)
    if payload["type"] == "view":
        views.drop_view(catalog, table)
    else:
        staging.discard(catalog, table)


def _stage(catalog: RestCatalog, payload: Payload) -> str:
    raw = payload["definition"]
    definition = Definition.from_dict(raw) if raw else None
    mark = payload.get("fingerprint")
    return staging.stage(catalog, _table(payload), definition, fingerprint=mark).name


def _is_current(catalog: RestCatalog, payload: Payload) -> bool:
    return staging.is_current(catalog, _table(payload), payload["fingerprint"])


def _swap(catalog: RestCatalog, payload: Payload) -> bool:
    return staging.swap(catalog, _table(payload), _staged(payload))


def _draft(catalog: RestCatalog, payload: Payload) -> str:
    return drafts.draft(catalog, _table(payload)).name


def _adopt(catalog: RestCatalog, payload: Payload) -> dict[str, int]:
    return drafts.adopt(catalog, _table(payload), _staged(payload))


def _rows_between(catalog: RestCatalog, payload: Payload) -> int:
    bounds = [Bounds(*one) for one in payload["bounds"]]
    return rows_between(catalog.load_table(key(_table(payload))), bounds)


def _put_view(catalog: RestCatalog, payload: Payload) -> bool:
    definition = Definition.from_dict(payload["definition"])
    sql, dialect = payload["sql"], payload.get("dialect", dialects.DUCKDB)
    texts = {dialect: sql}
    if other := dialects.translated(sql, source=dialect, database=_Where(catalog)):
        texts[dialects.other(dialect)] = other
    return views.put_view(catalog, _table(payload), definition, texts)


class _Where:
    """The database of a table or view in the other engine.

    DuckDB has the doubles of views in its memory; Spark has one catalog for all.
    """

    def __init__(self, catalog: RestCatalog) -> None:
        self._catalog = catalog
        self._views: dict[str, set[str]] = {}

    def __call__(self, schema: str, name: str, *, dialect: str) -> str:
        if dialect == dialects.SPARK:
            return DATABASE
        if schema not in self._views:
            listed = _list(self._catalog, {"schema": schema, "type": "view"})
            self._views[schema] = set(listed)
        return views.MEMORY if name in self._views[schema] else DATABASE


def _replace_ranges(catalog: RestCatalog, payload: Payload) -> bool:
    ranges = [Range(**one) for one in payload["ranges"]]
    table, staged = _table(payload), _staged(payload)
    column = payload["column"]
    return replace_ranges(catalog, table, staged, column=column, ranges=ranges)


def _discard(catalog: RestCatalog, payload: Payload) -> None:
    staging.discard(catalog, _staged(payload))


def _evolve(catalog: RestCatalog, payload: Payload) -> Payload:
    definition = Definition.from_dict(payload["definition"])
    mode = payload["on_schema_change"]
    return asdict(evolve(catalog, _table(payload), definition, on_schema_change=mode))


def _summary(catalog: RestCatalog, payload: Payload) -> dict[str, str]:
    """What the table's newest snapshot says of itself."""
    snapshot = catalog.load_table(key(_table(payload))).current_snapshot()
    if snapshot is None or snapshot.summary is None:
        return {}
    return {
        "operation": snapshot.summary.operation.value,
        **snapshot.summary.additional_properties,
    }


def _columns_from_1970_on(catalog: RestCatalog, payload: Payload) -> list[str]:
    return columns_from_1970_on(catalog.load_table(key(_table(payload))).metadata)


def _describe(catalog: RestCatalog, payload: Payload) -> list[Payload]:
    return describe(
        catalog,
        kind=payload["type"],
        schemas=payload.get("schemas"),
        relations=payload.get("relations"),
    )


VERBS: dict[str, Callable[[RestCatalog, Payload], Any]] = {
    "schemas": _schemas,
    "create_schema": _create_schema,
    "drop_schema": _drop_schema,
    "list": _list,
    "drop": _drop,
    "stage": _stage,
    "is_current": _is_current,
    "swap": _swap,
    "draft": _draft,
    "adopt": _adopt,
    "rows_between": _rows_between,
    "discard": _discard,
    "replace_ranges": _replace_ranges,
    "evolve": _evolve,
    "summary": _summary,
    "columns_from_1970_on": _columns_from_1970_on,
    "put_view": _put_view,
    "catalog": _describe,
}
