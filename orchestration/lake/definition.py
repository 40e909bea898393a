"""What a model wants its table to be, and how that meets the table that is there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import IdentityTransform, Transform, parse_transform
from pyiceberg.types import (
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StructType,
)

from orchestration.errors import UsageError
from orchestration.lake.types import iceberg_type

COMMENT = "comment"  # the table property that engines show as the table's comment

_CALL = re.compile(
    r"(?P<name>\w+)\s*\(\s*(?:(?P<width>\d+)\s*,)?\s*(?P<column>.+?)\s*\)"
)
_SORT = re.compile(
    r"(?P<column>.+?)(?:\s+(?P<direction>asc|desc))?(?:\s+nulls\s+(?P<nulls>first|last))?",
    re.IGNORECASE,
)
# Spark's names in the plural are as welcome as the spec's in the singular.
_TRANSFORMS = {
    **{name: name for name in ("year", "month", "day", "hour", "identity")},
    **{f"{name}s": name for name in ("year", "month", "day", "hour")},
    "bucket": "bucket",
    "truncate": "truncate",
}
_PROMOTIONS = ((IntegerType(), LongType()), (FloatType(), DoubleType()))
_SUFFIXES = {"identity": "", "truncate": "_trunc"}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column by its DuckDB type. `doc` None leaves it as it is, "" removes it."""

    name: str
    type: str
    required: bool = False
    doc: str | None = None


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A table as its model describes it.

    Attributes:
        partition_by: Transforms, as `month(ordered_at)` or `bucket(16, customer_id)`.
        sort_by: Columns, each with `desc` and `nulls last` where wanted.
        properties: Table properties, without the comment.
        comment: The table's description.
    """

    columns: tuple[Column, ...]
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    comment: str | None = None

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Definition":
        """Read what the macros send."""
        return cls(
            columns=tuple(Column(**column) for column in raw["columns"]),
            partition_by=tuple(raw.get("partition_by") or ()),
            sort_by=tuple(raw.get("sort_by") or ()),
            properties={k: str(v) for k, v in (raw.get("properties") or {}).items()},
            comment=raw.get("comment") or None,
        )

    def table_properties(self) -> dict[str, str]:
        """The properties with the comment among them."""
        comment = {COMMENT: self.comment} if self.comment else {}
        return {**self.properties, **comment}


def schema_of(definition: Definition, base: TableMetadata | None = None) -> Schema:
    """The wanted schema. Columns that `base` has keep their field ids.

    A column whose type changed beyond what Iceberg can promote is a new column, so
    that older snapshots still read what they held.

    Raises:
        UsageError: A type that Iceberg lacks, or two columns of one name.
    """
    ids = count(base.last_column_id + 1 if base else 1)
    old = {f.name.lower(): f for f in base.schema().fields} if base else {}
    fields: dict[str, NestedField] = {}
    for column in definition.columns:
        if column.name.lower() in fields:
            raise UsageError(
                "two columns have this name, and upper and lower case do not differ",
                where=column.name,
                remedy="Rename one of them in the model.",
            )
        new = NestedField(
            field_id=next(ids) if base is None else -1,
            name=column.name,
            field_type=_type(column, ids if base is None else count(1)),
            required=column.required,
            doc=column.doc or None,
        )
        if base is not None:
            new = align(new, old.get(column.name.lower()), ids)
        fields[column.name.lower()] = new
    wanted = tuple(fields.values())
    known = base.schemas if base else []
    same = [schema for schema in known if schema.fields == wanted]
    # An id must never be given twice: it would change what old snapshots mean.
    next_id = max((schema.schema_id for schema in known), default=-1) + 1
    return same[0] if same else Schema(*wanted, schema_id=next_id)


def align(new: NestedField, old: NestedField | None, ids: Iterator[int]) -> NestedField:
    """Give `new` the field ids of `old` where values mean the same, else new ids."""
    kept = old is not None and _compatible(old.field_type, new.field_type)
    field_id = old.field_id if old is not None and kept else next(ids)
    before = old.field_type if old is not None and kept else None
    return new.model_copy(
        update={
            "field_id": field_id,
            "field_type": _align_type(new.field_type, before, ids),
        }
    )


def spec_of(
    partition_by: tuple[str, ...], schema: Schema, base: TableMetadata | None = None
) -> PartitionSpec:
    """The wanted partition spec; one that `base` knows is returned with its id.

    Raises:
        UsageError: A transform that is unknown, or does not fit its column.
    """
    known = base.partition_specs if base else []
    wanted = [_transform(text, schema) for text in partition_by]
    means = [(column.field_id, str(transform)) for column, transform in wanted]
    for spec in known:
        if [(f.source_id, str(f.transform)) for f in spec.fields] == means:
            return spec
    # DuckDB (1.5) changes no row of a table of which two specs share a field's id: so
    # none is given twice, nor a name, which would be two columns of metadata tables.
    ids = count((base.last_partition_id or 999) + 1 if base else 1000)
    taken = {field.name for spec in known for field in spec.fields}
    fields = []
    for (column, transform), field_id in zip(wanted, ids, strict=False):
        name = _field_name(column, transform)
        name = f"{name}_{field_id}" if name in taken else name
        fields.append(PartitionField(column.field_id, field_id, transform, name))
    return PartitionSpec(
        *fields, spec_id=max((s.spec_id for s in known), default=-1) + 1
    )


def sort_order_of(
    sort_by: tuple[str, ...], schema: Schema, base: TableMetadata | None = None
) -> SortOrder:
    """The wanted sort order; one that `base` knows is returned with its id."""
    fields = []
    for text in sort_by:
        match = _SORT.fullmatch(text.strip())
        assert match is not None  # the pattern takes any text
        down = (match["direction"] or "asc").lower() == "desc"
        nulls = (match["nulls"] or "last").lower()
        fields.append(
            SortField(
                source_id=_column(match["column"], schema, where=text).field_id,
                transform=IdentityTransform(),
                direction=SortDirection.DESC if down else SortDirection.ASC,
                null_order=NullOrder.NULLS_FIRST
                if nulls == "first"
                else NullOrder.NULLS_LAST,
            )
        )
    known = base.sort_orders if base else []
    for order in known:
        if list(order.fields) == fields:
            return order
    # 0 is the id of "not sorted", by the spec.
    order_id = max((o.order_id for o in known), default=0) + 1 if fields else 0
    return SortOrder(*fields, order_id=order_id)


def promotes(old: IcebergType, new: IcebergType) -> bool:
    """Whether Iceberg (format v2) lets a column of the old type become the new.

    Source: https://iceberg.apache.org/spec/#schema-evolution. pyiceberg's `promote`
    says what can be *read* as what, which is more: decimals of another scale, say.
    """
    if isinstance(old, DecimalType) and isinstance(new, DecimalType):
        return bool(old.scale == new.scale and old.precision <= new.precision)
    return old == new or (old, new) in _PROMOTIONS


def _type(column: Column, ids: Iterator[int]) -> IcebergType:
    try:
        return iceberg_type(column.type, ids)
    except UsageError as error:
        where = f"column {column.name}"
        raise UsageError(error.what, where=where, remedy=error.remedy) from error


def _compatible(old: IcebergType, new: IcebergType) -> bool:
    if isinstance(old, MapType) and isinstance(new, MapType):
        return bool(old.key_type == new.key_type)
    for nested in (StructType, ListType):
        if isinstance(old, nested) or isinstance(new, nested):
            return isinstance(old, nested) and isinstance(new, nested)
    return promotes(old, new)


def _align_type(
    new: IcebergType, old: IcebergType | None, ids: Iterator[int]
) -> IcebergType:
    if isinstance(new, StructType):
        before = {f.name: f for f in old.fields} if isinstance(old, StructType) else {}
        return StructType(*(align(f, before.get(f.name), ids) for f in new.fields))
    if isinstance(new, ListType):
        previous = old.element_field if isinstance(old, ListType) else None
        element = align(new.element_field, previous, ids)
        return ListType(element.field_id, element.field_type, element.required)
    if isinstance(new, MapType):
        before_map: MapType | None = old if isinstance(old, MapType) else None
        key = align(new.key_field, before_map.key_field if before_map else None, ids)
        value = align(
            new.value_field, before_map.value_field if before_map else None, ids
        )
        return MapType(
            key_id=key.field_id,
            key_type=key.field_type,
            value_id=value.field_id,
            value_type=value.field_type,
            value_required=value.required,
        )
    return new


def _transform(text: str, schema: Schema) -> tuple[NestedField, Transform[Any, Any]]:
    match = _CALL.fullmatch(text.strip())
    name, width = (
        (match["name"].lower(), match["width"]) if match else ("identity", None)
    )
    column = _column(match["column"] if match else text, schema, where=text)
    if name not in _TRANSFORMS or (width is None) == (name in ("bucket", "truncate")):
        raise UsageError(
            f"{text!r} is no partition transform",
            where="partition_by",
            remedy="Use a column, year(c), month(c), day(c), hour(c), bucket(16, c) or "
            "truncate(4, c).",
        )
    kind = _TRANSFORMS[name]
    transform = parse_transform(f"{kind}[{width}]" if width else kind)
    # DuckDB (1.5) writes another number than the spec's for a truncated decimal.
    unsafe = kind == "truncate" and isinstance(column.field_type, DecimalType)
    if unsafe or not transform.can_transform(column.field_type):
        raise UsageError(
            f"{text!r} cannot partition a column of type {column.field_type}",
            where="partition_by",
            remedy="Partition by another column, or change this one's type.",
        )
    return column, transform


def _field_name(column: NestedField, transform: Transform[Any, Any]) -> str:
    """A partition's name is one in Avro, too: letters, digits and underscores."""
    kind = str(transform).partition("[")[0]
    name = f"{column.name}{_SUFFIXES.get(kind, f'_{kind}')}"
    return re.sub(r"^(?=\d)", "_", re.sub(r"\W", "_", name, flags=re.ASCII))


def _column(name: str, schema: Schema, *, where: str) -> NestedField:
    plain = name.strip()
    if plain.startswith('"') and plain.endswith('"'):
        plain = plain[1:-1].replace('""', '"')
    for column in schema.fields:
        if column.name.lower() == plain.lower():
            return column
    raise UsageError(
        f"{where!r} names no column of the model",
        where="partition_by or sort_by",
        remedy=f"Its columns are {', '.join(f.name for f in schema.fields)}.",
    )
