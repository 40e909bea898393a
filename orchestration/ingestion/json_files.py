# ruff: noqa: S608 - names and texts in SQL pass through `quote` and `literal`
"""Read JSON documents and JSON lines: one object, one row.

`files → firn_documents → json_files.reader → extract.py`: the objects are read once, as
text, into a temporary table; columns are taken from there, since only the objects know
their keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from orchestration.ingestion import casts, nested
from orchestration.ingestion.digits import keep_digits
from orchestration.ingestion.files import shown_list
from orchestration.ingestion.schema import (
    Batch,
    Field,
    fields_of,
    mismatch,
    schema_error,
)
from orchestration.ingestion.spec import Source

DOCUMENTS = "firn_documents"
LONGEST_OBJECT = 64 << 20  # bytes


@dataclass(frozen=True)
class Objects:
    """What a batch's objects are.

    Attributes:
        fields: With the columns that were found in the objects.
        repeats: Whether some object has a key twice.
    """

    fields: tuple[Field, ...]
    repeats: bool


def read(
    con: duckdb.DuckDBPyConnection, source: Source, batch: Batch, paths: str
) -> Objects:
    """Read a batch's objects into the table `DOCUMENTS`.

    Args:
        paths: The files, as a list in SQL.

    Raises:
        GateError: The keys do not fit the spec.
    """
    lines = source.format_of(batch.table) == "jsonl"
    function = "read_ndjson_objects" if lines else "read_json_objects"
    # A broken line comes back as NULL; in one document there is no line to give up.
    extra = "ignore_errors = true" if lines else "format = 'auto'"
    con.execute(
        f"create temp table {DOCUMENTS} as select json as document, "
        f"null::varchar as exact, file_index as _file from {function}("
        f"{paths}, compression = 'uncompressed', "
        f"maximum_object_size = {LONGEST_OBJECT}, hive_partitioning = false, {extra})"
    )
    keep_digits(con, DOCUMENTS)
    # Objects of one source have few different lists of keys: each is looked at once.
    con.execute(
        f"create or replace temp table {DOCUMENTS}_keys as "
        f"select distinct json_keys(document) as keys from {DOCUMENTS} "
        "where json_type(document) = 'OBJECT'"
    )
    keys = con.execute(
        f"select distinct unnest(keys) as key from {DOCUMENTS}_keys order by key"
    ).fetchall()
    [(repeats,)] = con.execute(
        f"select count(*) > 0 from {DOCUMENTS}_keys where len(keys) > list_unique(keys)"
    ).fetchall()
    return Objects(_fields(source, batch, [key for (key,) in keys]), bool(repeats))


def columns(objects: Objects) -> tuple[list[casts.Cast], str, list[str]]:
    """What `extract` selects: the columns, the relation, and where a row is none.

    The relation has the text of each row as `raw`.
    """
    hoist = nested.Hoist()
    at = nested.At("document", hoist=hoist)
    found = [casts.from_json(field, at) for field in objects.fields]
    broken = [f"coalesce({at.call('json_type')}, '') <> 'OBJECT'"]
    if objects.repeats:
        keys = at.call("json_keys")
        broken.append(f"coalesce(len({keys}) > list_unique({keys}), false)")
    relation = hoist.select(
        "(select coalesce(exact::json, document) as document, document as raw, "
        f"_file as file_index from {DOCUMENTS})"
    )
    return found, relation, broken


def _fields(source: Source, batch: Batch, names: Sequence[str]) -> tuple[Field, ...]:
    known = [column.original for column in batch.table.columns]
    # JSON leaves a NULL out: a key that no object has is no missing column. But if
    # objects have other keys only, they are about something else.
    others = [name for name in names if name not in known]
    present = [*known, *others]
    foreign = bool(others) and len(others) == len(names)
    if problem := mismatch(source, batch.table, others if foreign else present):
        where = f"{shown_list(batch.files)}: {problem}"
        raise schema_error(source, batch.table, [where])
    return fields_of(source, batch.table, present)
