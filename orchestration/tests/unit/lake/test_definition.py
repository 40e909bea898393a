"""What a model wants, beside a table that is there."""

from typing import Any

import pytest
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER

from orchestration.errors import UsageError
from orchestration.lake.definition import (
    Column,
    Definition,
    schema_of,
    sort_order_of,
    spec_of,
)


def definition(**columns: str) -> Definition:
    wanted = tuple(Column(name=name, type=type_) for name, type_ in columns.items())
    return Definition(columns=wanted)


def table(*partition_by: str, **columns: str) -> TableMetadata:
    schema = schema_of(definition(**columns))
    spec = spec_of(partition_by, schema) if partition_by else PartitionSpec()
    return new_table_metadata(schema, spec, UNSORTED_SORT_ORDER, "file:///t")


def ids(schema: Schema) -> dict[str, int]:
    return {field.name: field.field_id for field in schema.fields}


def test_equal_columns_are_the_schema_that_is_there() -> None:
    base = table(a="INTEGER", b="VARCHAR")
    assert schema_of(definition(a="INTEGER", b="VARCHAR"), base) is base.schemas[0]


def test_ids_follow_names_not_positions() -> None:
    base = table(a="INTEGER", b="VARCHAR")
    schema = schema_of(definition(c="DATE", B="VARCHAR", a="INTEGER"), base)
    assert ids(schema) == {"c": 3, "B": 2, "a": 1}
    assert schema.schema_id == 1


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("INTEGER", "BIGINT", True),
        ("FLOAT", "DOUBLE", True),
        ("DECIMAL(9,2)", "DECIMAL(12,2)", True),
        ("BIGINT", "INTEGER", False),
        ("DECIMAL(9,2)", "DECIMAL(9,3)", False),
        ("INTEGER", "VARCHAR", False),
        ("INTEGER", "INTEGER[]", False),
    ],
)
def test_a_column_keeps_its_id_while_its_type_can_be_promoted(
    old: str, new: str, kept: bool
) -> None:
    schema = schema_of(definition(a=new), table(a=old))
    assert (schema.fields[0].field_id == 1) is kept


def test_fields_inside_structs_and_lists_keep_their_ids() -> None:
    base = table(s="STRUCT(x INTEGER, y VARCHAR)", l="STRUCT(z DATE)[]")
    wanted = definition(s="STRUCT(n BIGINT, y VARCHAR)", l="STRUCT(z DATE, w DATE)[]")
    before = {
        name: base.schema().find_field(name).field_id for name in ("s.y", "l.element.z")
    }
    schema = schema_of(wanted, base)
    after = {name: schema.find_field(name).field_id for name in before}
    assert after == before
    assert schema.find_field("s.n").field_id > base.last_column_id
    assert schema.find_field("l.element.w").field_id > base.last_column_id


def test_names_that_differ_in_case_only_are_refused() -> None:
    with pytest.raises(UsageError, match="two columns have this name"):
        schema_of(definition(a="INTEGER", A="INTEGER"))


def test_a_spec_that_was_there_is_used_again_and_no_field_of_one() -> None:
    base = table("month(at)", at="TIMESTAMP", id="BIGINT")
    schema = base.schema()
    assert spec_of(("month(at)",), schema, base).spec_id == 0
    wider = spec_of(("months(at)", "bucket(4, id)"), schema, base)
    assert wider.spec_id == 1
    assert [field.field_id for field in wider.fields] == [1001, 1002]
    assert [field.name for field in wider.fields] == ["at_month_1001", "id_bucket"]


@pytest.mark.parametrize(
    "text",
    ["bucket(id)", "month(3, at)", "weeks(at)", "hour(day)", "nope", "bucket(4, f)"],
)
def test_transforms_that_make_no_sense_are_refused(text: str) -> None:
    schema = schema_of(definition(at="TIMESTAMP", id="BIGINT", day="DATE", f="DOUBLE"))
    with pytest.raises(UsageError):
        spec_of((text,), schema)


@pytest.mark.parametrize(
    ("text", "direction", "nulls"),
    [
        ("a", "asc", "last"),
        ("a DESC", "desc", "last"),
        ('"a" nulls first', "asc", "first"),
        ("a desc NULLS FIRST", "desc", "first"),
    ],
)
def test_sort_orders_are_read_as_sql_writes_them(
    text: str, direction: str, nulls: str
) -> None:
    order: Any = sort_order_of((text,), schema_of(definition(a="INTEGER")))
    field = order.fields[0]
    assert field.direction.value == direction
    assert field.null_order.value == f"nulls-{nulls}"
    assert order.order_id == 1
