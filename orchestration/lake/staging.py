"""Stage, fill, swap: replace a table's content in one commit, and keep its history.

*Stage* makes an empty table beside the target that continues the target's field ids,
specs, location and sequence numbers. Any engine *fills* it with ordinary inserts.
*Swap* then commits the filled files to the target as one snapshot, together with the
new schema, partitioning and properties. Until that commit the target is untouched, and
a failure leaves nothing but a table whose name says that it is temporary.
"""

import contextlib
import uuid
from collections.abc import Sequence
from typing import Any

from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import (
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.serializers import ToOutputFile
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableUpdate

from orchestration.errors import DamagedError, NotFoundError
from orchestration.failpoints import reach
from orchestration.lake.definition import (
    Definition,
    schema_of,
    sort_order_of,
    spec_of,
)
from orchestration.lake.model import TEMPORARY, TableId
from orchestration.lake.snapshots import Leaves, replacing
from orchestration.lake.updates import (
    commit,
    definition_properties,
    key,
    load,
    moved,
    property_updates,
    schema_updates,
    update,
)

STAGED_FROM = "firn.staged-from"  # the target's metadata file when staging began
# The sequence number at which the content was filled in, and its fingerprint.
_FINGERPRINT = "firn.content"


def stage(
    catalog: RestCatalog,
    target: TableId,
    definition: Definition | None,
    *,
    fingerprint: str | None = None,
) -> TableId:
    """Make an empty table with the wanted definition, to be filled and swapped in.

    Args:
        definition: None for that of the target, which then must exist.
        fingerprint: What identifies the content that is going to be filled in, by one
            insert; `is_current` compares it later.

    Raises:
        UsageError: The definition does not fit Iceberg.
    """
    staged = temporary(target)
    try:
        base = load(catalog, target)
    except DamagedError:
        if definition is None:
            raise
        base = None
    properties = definition_properties(definition) if definition else {}
    if fingerprint:
        next_number = base.metadata.next_sequence_number() if base else 1
        properties[_FINGERPRINT] = f"{next_number}:{fingerprint}"
    if base is None:
        if definition is None:
            raise NotFoundError("there is no such table", where=str(target))
        _stage_new(catalog, target, staged, definition, properties)
    else:
        _stage_beside(catalog, base, staged, definition, properties)
    reach("table.staged")
    return staged


def is_current(catalog: RestCatalog, table: TableId, fingerprint: str) -> bool:
    """Whether the table holds this content, and nobody has written to it since."""
    found = load(catalog, table)
    if found is None:
        return False
    wanted = f"{found.metadata.next_sequence_number() - 1}:{fingerprint}"
    return found.metadata.properties.get(_FINGERPRINT) == wanted


def swap(
    catalog: RestCatalog,
    target: TableId,
    staged: TableId,
    *,
    leaves: Leaves | None = None,
) -> bool:
    """Make the staged files the target's content, in one commit.

    Args:
        leaves: Which of the target's data files go; None for all of them.

    Returns:
        Whether the target has changed; it has not when nothing came and nothing went.

    Raises:
        ConflictError: The target moved since it was staged; it is as it was.
    """
    reach("table.before-swap")
    source = catalog.load_table(key(staged))
    staged_from = source.metadata.properties.get(STAGED_FROM)
    if staged_from is None:
        try:
            catalog.rename_table(key(staged), key(target))
        except TableAlreadyExistsError as error:
            if not _is_damaged(catalog, target):
                raise moved(target) from error
            # Nobody can read what is there, so there is no history to keep.
            discard(catalog, target)
            catalog.rename_table(key(staged), key(target))
        reach("table.committed")
        return True
    table = load(catalog, target)
    if table is None or table.metadata_location != staged_from:
        raise moved(target)
    updates = (
        *schema_updates(table.metadata, source.metadata),
        *_property_updates(table.metadata, source.metadata),
        *_snapshot_updates(table, source.metadata, leaves),
    )
    if updates:
        commit(catalog, table, updates)
        reach("table.committed")
    discard(catalog, staged)
    reach("table.swapped")
    return bool(updates)


def discard(catalog: RestCatalog, staged: TableId) -> None:
    """Forget a staged table. Its files stay: they may be the target's by now."""
    with contextlib.suppress(NoSuchTableError):
        catalog.drop_table(key(staged))


def _is_damaged(catalog: RestCatalog, target: TableId) -> bool:
    """Whether the name is taken by a table without readable metadata."""
    try:
        return load(catalog, target) is None
    except DamagedError:
        return True


def _stage_new(
    catalog: RestCatalog,
    target: TableId,
    staged: TableId,
    definition: Definition,
    properties: dict[str, str],
) -> None:
    schema = schema_of(definition)
    spec = spec_of(definition.partition_by, schema)
    order = sort_order_of(definition.sort_by, schema)
    # The catalog chooses the location; it shall carry the name the table is going to
    # have, which a view may hold as yet.
    draft = catalog.create_table_transaction(key(staged), schema)
    suffix = staged.name.removeprefix(target.name)
    catalog.create_table(
        key(staged),
        schema,
        location=draft.table_metadata.location.replace(suffix, ""),
        partition_spec=spec if spec.fields else UNPARTITIONED_PARTITION_SPEC,
        sort_order=order,
        properties=properties,
    )


def _stage_beside(
    catalog: RestCatalog,
    base: Table,
    staged: TableId,
    definition: Definition | None,
    properties: dict[str, str],
) -> None:
    metadata = _emptied(base.metadata)
    if definition is None:
        properties = base.metadata.properties
    else:
        metadata = _redefined(metadata, definition)
    metadata = metadata.model_copy(update={"properties": properties})
    register_beside(catalog, base, staged, metadata)


def register_beside(
    catalog: RestCatalog, base: Table, staged: TableId, metadata: TableMetadata
) -> None:
    """Make a table of its own from a table's metadata, noting what it comes from."""
    properties = {**metadata.properties, STAGED_FROM: base.metadata_location}
    draft = metadata.model_copy(update={"properties": properties})
    location = f"{draft.location}/metadata/00000-{uuid.uuid4()}.metadata.json"
    ToOutputFile.table_metadata(draft, base.io.new_output(location))
    catalog.register_table(key(staged), location)


def temporary(target: TableId) -> TableId:
    """A name beside the target that nobody else has."""
    name = f"{target.name}{TEMPORARY}{uuid.uuid4().hex[:12]}"
    return TableId(target.namespace, name)


def _emptied(metadata: TableMetadata) -> TableMetadata:
    """The target's metadata without any content; its numbering goes on."""
    return metadata.model_copy(
        update={
            "current_snapshot_id": None,
            "snapshots": [],
            "refs": {},
            "snapshot_log": [],
            "metadata_log": [],
            "statistics": [],
            "partition_statistics": [],
        }
    )


def _redefined(metadata: TableMetadata, definition: Definition) -> TableMetadata:
    schema = schema_of(definition, metadata)
    spec = spec_of(definition.partition_by, schema, metadata)
    order = sort_order_of(definition.sort_by, schema, metadata)
    partition_id = max(metadata.last_partition_id or 0, spec.last_assigned_field_id)
    return metadata.model_copy(
        update={
            "schemas": _with(metadata.schemas, schema, "schema_id"),
            "current_schema_id": schema.schema_id,
            "last_column_id": max(metadata.last_column_id, schema.highest_field_id),
            "partition_specs": _with(metadata.partition_specs, spec, "spec_id"),
            "default_spec_id": spec.spec_id,
            "last_partition_id": partition_id,
            "sort_orders": _with(metadata.sort_orders, order, "order_id"),
            "default_sort_order_id": order.order_id,
        }
    )


def _with(known: Sequence[Any], wanted: Any, id_name: str) -> list[Any]:
    ids = {getattr(item, id_name) for item in known}
    return [*known] if getattr(wanted, id_name) in ids else [*known, wanted]


def _property_updates(
    metadata: TableMetadata, staged: TableMetadata
) -> tuple[TableUpdate, ...]:
    wanted = dict(staged.properties)
    del wanted[STAGED_FROM]
    return property_updates(metadata, wanted)


def _snapshot_updates(
    table: Table, staged: TableMetadata, leaves: Leaves | None
) -> tuple[TableUpdate, ...]:
    snapshot = replacing(table.metadata, staged, table.io, leaves=leaves)
    if snapshot is None:
        return ()
    reference = update(
        "set-snapshot-ref",
        ref_name="main",
        type="branch",
        snapshot_id=snapshot.snapshot_id,
    )
    return (update("add-snapshot", snapshot=snapshot), reference)
