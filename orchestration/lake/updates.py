"""What changes a table, as updates of one commit that demands the state it read."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableRequirement, TableUpdate

from orchestration.errors import ConflictError, DamagedError
from orchestration.lake.definition import COMMENT, Definition
from orchestration.lake.model import TableId

SEE_VERIFY = "`firn verify` says what still reads, and what brings it back."
MANAGED = "firn.managed-properties"  # the names that the model's config has set
# Spark would write every file again in which a row changes. DuckDB never does.
_DEFAULTS = {
    f"write.{statement}.mode": "merge-on-read"
    for statement in ("delete", "merge", "update")
}

_UPDATE: TypeAdapter[TableUpdate] = TypeAdapter(TableUpdate)
_REQUIREMENT: TypeAdapter[TableRequirement] = TypeAdapter(TableRequirement)


def key(table: TableId) -> tuple[str, ...]:
    """The table's name as pyiceberg wants it."""
    return (*table.namespace.split("."), table.name)


def load(catalog: RestCatalog, table: TableId) -> Table | None:
    """The table as it is now, or None.

    Raises:
        DamagedError: Its metadata file is there and cannot be read.
    """
    try:
        found: Table = catalog.load_table(key(table))
    except NoSuchTableError:
        return None
    except ValidationError as error:
        raise DamagedError(
            "its metadata file is damaged", where=str(table), remedy=SEE_VERIFY
        ) from error
    return found


def commit(
    catalog: RestCatalog, table: Table, updates: tuple[TableUpdate, ...]
) -> None:
    """Commit updates to the very state that was loaded.

    Raises:
        ConflictError: The table has moved since; nothing was changed.
    """
    metadata = table.metadata
    snapshot = metadata.current_snapshot_id
    requirements = (
        _require("table-uuid", uuid=metadata.table_uuid),
        _require("ref-snapshot-id", ref="main", snapshot_id=snapshot),
        _require("current-schema-id", current_schema_id=metadata.current_schema_id),
        _require("default-spec-id", default_spec_id=metadata.default_spec_id),
        _require(
            "last-assigned-field-id", last_assigned_field_id=metadata.last_column_id
        ),
        _require(
            "last-assigned-partition-id",
            last_assigned_partition_id=metadata.last_partition_id,
        ),
        _require(
            "default-sort-order-id",
            default_sort_order_id=metadata.default_sort_order_id,
        ),
    )
    try:
        catalog.commit_table(table, requirements, updates)
    except CommitFailedException as error:
        raise moved(TableId.parse(".".join(table.name()))) from error


def definition_properties(definition: Definition) -> dict[str, str]:
    """The properties of a definition over what holds for all tables.

    With a note of which names are its own.
    """
    wanted = {**_DEFAULTS, **definition.table_properties()}
    if names := sorted(definition.properties):
        wanted[MANAGED] = json.dumps(names)
    return wanted


def property_updates(
    metadata: TableMetadata, wanted: Mapping[str, str]
) -> tuple[TableUpdate, ...]:
    """What makes the properties as wanted, leaving alone what others have set.

    Args:
        wanted: As `definition_properties` returns them. A name that an earlier
            definition had set, and this one has not, is removed.
    """
    have = metadata.properties
    before = [*json.loads(have.get(MANAGED, "[]")), COMMENT, MANAGED]
    changed = {name: text for name, text in wanted.items() if have.get(name) != text}
    gone = [name for name in before if name in have and name not in wanted]
    updates: list[TableUpdate] = []
    if changed:
        updates.append(update("set-properties", updates=changed))
    if gone:
        updates.append(update("remove-properties", removals=gone))
    return tuple(updates)


def schema_updates(
    metadata: TableMetadata, wanted: TableMetadata
) -> tuple[TableUpdate, ...]:
    """What gives the first table the schema, spec and order of the second."""
    updates: list[TableUpdate] = []
    schema, spec = wanted.schema(), wanted.spec()
    if schema.schema_id not in {s.schema_id for s in metadata.schemas}:
        updates.append(update("add-schema", schema=schema))
    if schema.schema_id != metadata.current_schema_id:
        updates.append(update("set-current-schema", schema_id=schema.schema_id))
    if spec.spec_id not in metadata.specs():
        updates.append(update("add-spec", spec=spec))
    if spec.spec_id != metadata.default_spec_id:
        updates.append(update("set-default-spec", spec_id=spec.spec_id))
    order_id = wanted.default_sort_order_id
    if order_id not in {order.order_id for order in metadata.sort_orders}:
        order = next(o for o in wanted.sort_orders if o.order_id == order_id)
        updates.append(update("add-sort-order", sort_order=order))
    if order_id != metadata.default_sort_order_id:
        updates.append(update("set-default-sort-order", sort_order_id=order_id))
    return tuple(updates)


def update(action: str, **fields: Any) -> TableUpdate:
    """An update of the REST protocol, by its name and fields there."""
    return _UPDATE.validate_python({"action": action, **_dashed(fields)})


def moved(table: TableId) -> ConflictError:
    """The error of a commit that another one has overtaken."""
    return ConflictError(
        "another process changed the table meanwhile; this change was not made",
        where=str(table),
        remedy="Run it again.",
    )


def _require(what: str, **fields: Any) -> TableRequirement:
    return _REQUIREMENT.validate_python({"type": f"assert-{what}", **_dashed(fields)})


def _dashed(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "-"): value for name, value in fields.items()}
