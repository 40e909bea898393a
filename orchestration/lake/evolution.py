"""Change a table's schema, documentation and properties without touching its rows.

Everything that a run wants changed goes into one commit, and nothing is committed when
the table is as wanted already.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import (
    DecimalType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
)

from orchestration.errors import NotFoundError, UsageError
from orchestration.lake.definition import (
    Definition,
    align,
    promotes,
    schema_of,
    sort_order_of,
    spec_of,
)
from orchestration.lake.model import TableId
from orchestration.lake.types import duckdb_type
from orchestration.lake.updates import (
    commit,
    definition_properties,
    load,
    property_updates,
    update,
)

OnSchemaChange = Literal["ignore", "fail", "append_new_columns", "sync_all_columns"]

_DIGITS: dict[type[IcebergType], int] = {IntegerType: 10, LongType: 19}


@dataclass(frozen=True, kw_only=True)
class Evolved:
    """The table after the change: its columns, and what was left as it is."""

    columns: tuple[str, ...]
    changed: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Difference:
    """How the columns of a query differ from those of the table."""

    added: tuple[NestedField, ...]
    missing: tuple[NestedField, ...]
    promoted: tuple[tuple[NestedField, NestedField], ...]  # old, new
    clashing: tuple[tuple[NestedField, NestedField], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.missing or self.promoted or self.clashing)

    def __str__(self) -> str:
        parts = [f"new: {_listed(f.name for f in self.added)}"] if self.added else []
        if self.missing:
            parts.append(f"missing: {_listed(f.name for f in self.missing)}")
        if retyped := (*self.promoted, *self.clashing):
            parts.append(f"of another type: {_listed(_retyped(*p) for p in retyped)}")
        return "; ".join(parts)


def evolve(
    catalog: RestCatalog,
    name: TableId,
    definition: Definition,
    *,
    on_schema_change: OnSchemaChange,
) -> Evolved:
    """Let a table follow its model before rows are added to it.

    Args:
        definition: The columns are those of the query whose rows come next.
        on_schema_change: dbt's four modes. Whatever the mode, a value is never stored
            in a type that cannot hold it.

    Raises:
        UsageError: The mode forbids the change, or Iceberg does.
        NotFoundError: There is no such table.
        ConflictError: Another process changed the table meanwhile.
    """
    table = load(catalog, name)
    if table is None:
        raise NotFoundError("there is no such table", where=str(name))
    metadata = table.metadata
    difference = _compare(metadata.schema(), definition)
    _judge(difference, on_schema_change, name)
    fields = _fields(metadata, difference, definition, on_schema_change, name)
    changed = _commit(catalog, table, fields, definition)
    return Evolved(
        columns=tuple(field.name for field in fields),
        changed=changed,
        warnings=_layout_warnings(metadata, definition, name),
    )


def holds(wide: IcebergType, narrow: IcebergType) -> bool:
    """Whether every value of the second type can be stored in the first."""
    digits = _DIGITS.get(type(narrow))
    if isinstance(wide, DecimalType) and digits:
        return bool(wide.precision - wide.scale >= digits)
    return promotes(narrow, wide)


def _compare(schema: Schema, definition: Definition) -> _Difference:
    old = {field.name.lower(): field for field in schema.fields}
    new = {field.name.lower(): field for field in schema_of(definition).fields}
    pairs = [
        (field, align(new[name], field, count()))
        for name, field in old.items()
        if name in new
    ]
    retyped = [(a, b) for a, b in pairs if not holds(a.field_type, b.field_type)]
    can = [promotes(before.field_type, after.field_type) for before, after in retyped]
    return _Difference(
        added=tuple(field for name, field in new.items() if name not in old),
        missing=tuple(field for name, field in old.items() if name not in new),
        promoted=tuple(p for p, ok in zip(retyped, can, strict=True) if ok),
        clashing=tuple(p for p, ok in zip(retyped, can, strict=True) if not ok),
    )


def _judge(difference: _Difference, mode: OnSchemaChange, name: TableId) -> None:
    if mode == "fail" and difference:
        raise UsageError(
            f"the query's columns differ from the table's ({difference})",
            where=str(name),
            remedy="on_schema_change is 'fail'. Run with --full-refresh, or set it to "
            "append_new_columns or sync_all_columns.",
        )
    if mode == "ignore" and difference.missing:
        missing = _listed(field.name for field in difference.missing)
        raise UsageError(
            f"the query has no column {missing}, and the table has",
            where=str(name),
            remedy="Select it, set on_schema_change, or run with --full-refresh.",
        )
    clashing = difference.clashing
    remedy = "Cast it in the model, or build the table anew"
    if mode == "ignore" and difference.promoted:
        clashing += difference.promoted
        remedy += "; on_schema_change: append_new_columns would widen the type"
    if clashing:
        raise UsageError(
            "the table cannot hold the query's values in "
            f"{_listed(_retyped(*pair) for pair in clashing)}",
            where=str(name),
            remedy=f"{remedy}.",
        )


def _fields(
    metadata: TableMetadata,
    difference: _Difference,
    definition: Definition,
    mode: OnSchemaChange,
    name: TableId,
) -> tuple[NestedField, ...]:
    fields = list(metadata.schema().fields)
    if mode == "sync_all_columns":
        _refuse_dropping_layout(metadata, difference.missing, name)
        fields = [field for field in fields if field not in difference.missing]
    if mode in ("append_new_columns", "sync_all_columns"):
        wider = {old.name: new.field_type for old, new in difference.promoted}
        fields = [
            f.model_copy(update={"field_type": wider.get(f.name, f.field_type)})
            for f in fields
        ]
        ids = count(metadata.last_column_id + 1)
        fields += [align(field, None, ids) for field in difference.added]
    before = {field.field_id: field for field in metadata.schema().fields}
    is_empty = metadata.current_snapshot() is None
    return tuple(
        field if is_empty else _refuse_null(before.get(field.field_id), field)
        for field in (_described(field, definition) for field in fields)
    )


def _described(field: NestedField, definition: Definition) -> NestedField:
    """The field with the wanted documentation and nullability."""
    wanted = {column.name.lower(): column for column in definition.columns}
    column = wanted.get(field.name.lower())
    if column is None:
        return field
    doc = field.doc if column.doc is None else column.doc or None
    return field.model_copy(update={"doc": doc, "required": column.required})


def _refuse_null(old: NestedField | None, field: NestedField) -> NestedField:
    """The field, unless it is required and rows that are there may have NULL in it."""
    if field.required and not (old and old.required):
        what = (
            "the table's column takes NULL" if old else "the column is new to its rows"
        )
        raise UsageError(
            f"the model says not_null, and {what}",
            where=f"column {field.name}",
            remedy="Run with --full-refresh, which checks every row.",
        )
    return field


def _refuse_dropping_layout(
    metadata: TableMetadata, dropped: Sequence[NestedField], name: TableId
) -> None:
    order = next(
        order
        for order in metadata.sort_orders
        if order.order_id == metadata.default_sort_order_id
    )
    used = {field.source_id for field in metadata.spec().fields}
    used |= {field.source_id for field in order.fields}
    if held := [field.name for field in dropped if field.field_id in used]:
        raise UsageError(
            f"column {_listed(held)} cannot be dropped: the table is laid out by it",
            where=str(name),
            remedy="Change partition_by or sort_by, and run with --full-refresh.",
        )


def _commit(
    catalog: RestCatalog,
    table: Table,
    fields: tuple[NestedField, ...],
    definition: Definition,
) -> bool:
    metadata = table.metadata
    updates = property_updates(metadata, definition_properties(definition))
    if fields != metadata.schema().fields:
        next_id = max(schema.schema_id for schema in metadata.schemas) + 1
        schema = Schema(*fields, schema_id=next_id)
        added = update("add-schema", schema=schema)
        updates += (added, update("set-current-schema", schema_id=next_id))
    if updates:
        commit(catalog, table, updates)
    return bool(updates)


def _layout_warnings(
    metadata: TableMetadata, definition: Definition, name: TableId
) -> tuple[str, ...]:
    """A new layout would hold for new files alone; only a rebuild applies it."""
    schema = metadata.schema()
    spec = spec_of(definition.partition_by, schema, metadata)
    order = sort_order_of(definition.sort_by, schema, metadata)
    stale = [
        setting
        for setting, differs in (
            ("partition_by", spec.spec_id != metadata.default_spec_id),
            ("sort_by", order.order_id != metadata.default_sort_order_id),
        )
        if differs
    ]
    if not stale:
        return ()
    message = f"{name} keeps its old layout: {' and '.join(stale)} changed. "
    return (f"{message}Run with --full-refresh to apply it.",)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _retyped(old: NestedField, new: NestedField) -> str:
    before, after = duckdb_type(old.field_type), duckdb_type(new.field_type)
    return f"{old.name} ({before} -> {after})"
