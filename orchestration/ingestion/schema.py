"""Compare the columns of a file with its spec, and group files that read alike.

`strict`: a column that the spec does not name, or one that it names and the file lacks,
refuses the load. `evolve`: the new one is added as text, the missing one is NULL, but
never a required one, nor all of them: then the delimiter is wrong, or the file.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestration.errors import GateError
from orchestration.ingestion.files import SourceFile
from orchestration.ingestion.shapes import Shape, originals, shape_of
from orchestration.ingestion.spec import Source, Table
from orchestration.lake.types import quote

# Rows are staged first, in memory while it lasts: one batch at a time.
_BATCH_BYTES = 1 << 30
_BATCH_FILES = 2000
_MOST_NAMES, _LONGEST_NAME = 10, 60  # in a message
_MOST_NEW = 1000  # columns that `evolve` adds in one load
_EXPANSION = 5  # of compressed files, roughly


@dataclass(frozen=True)
class Field:
    """One column of a batch: `original` is None where its files lack it."""

    name: str
    type: str
    original: str | None
    required: bool = False

    @property
    def staged(self) -> str:
        """Its name in the stage, quoted: a `rowid` would hide the row's number."""
        return quote(f"value of {self.name}")


@dataclass(frozen=True)
class Batch:
    """Files that one statement reads; `fields` are the table's columns in this load."""

    table: Table
    shape: Shape
    files: tuple[SourceFile, ...]
    fields: tuple[Field, ...]


def batches(
    files: Iterable[SourceFile], source: Source, table: Table
) -> Iterator[Batch]:
    """Group files by shape, in batches that fit in memory.

    Files that changed since they were found are left out.

    Raises:
        GateError: The columns of some files do not fit; all of them are named.
    """
    groups: dict[Shape, list[SourceFile]] = defaultdict(list)
    for file in files:
        try:
            groups[shape_of(file, source, table)].append(file)
        except (GateError, FileNotFoundError):
            if file.unchanged():
                raise
            # It is being written, or gone: the next ingest will see.
    problems: list[str] = []
    planned: list[Batch] = []
    for shape, members in groups.items():
        names = shape.names
        if problem := _problem(source, table, names):
            if steady := [file for file in members if file.unchanged()]:
                problems.append(f"{steady[0].shown}: {problem}" + _others(steady))
            continue
        fields = fields_of(source, table, names or originals(table))
        planned += [Batch(table, shape, part, fields) for part in _split(members)]
    if problems:
        raise schema_error(source, table, problems)
    yield from planned


def fields_of(source: Source, table: Table, names: Sequence[str]) -> tuple[Field, ...]:
    """The spec's columns, then those that only the files have, as text."""
    present = set(names)
    known = {column.original for column in table.columns}
    fields = [
        Field(
            column.name,
            column.type,
            column.original if column.original in present else None,
            table.is_required(column),
        )
        for column in table.columns
    ]
    if source.schema_policy_of(table) == "evolve":
        taken = {field.name for field in fields}
        for name in names:
            if name not in known:
                landed = free_name(landed_name(name), taken)
                taken.add(landed)
                fields.append(Field(landed, "varchar", name))
    return tuple(fields)


def landed_name(original: str) -> str:
    """A column's name in the lake: `Order Total` becomes `order_total`."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", original)
    name = re.sub(r"\W+", "_", words).strip("_").lower()
    return name or "column"


def mismatch(source: Source, table: Table, names: Sequence[str]) -> str:
    """What keeps a table from taking these columns; empty when they fit."""
    known = originals(table)
    if withheld := _withheld(table, names):
        return withheld
    if source.schema_policy_of(table) == "evolve":
        return _unrecognised(table, names)
    expected, found = set(known), set(names)
    extra = [name for name in names if name not in expected]
    missing = [name for name in known if name not in found]
    parts = []
    if extra:
        parts.append(f"unknown column {_shown(extra)}")
    if missing:
        parts.append(f"missing column {_shown(missing)}")
    return "; ".join(parts)


def _withheld(table: Table, names: Sequence[str]) -> str:
    """What is said where the names may be a row of people, taken for a header."""
    personal = any(column.pii for column in table.columns)
    if not personal or set(originals(table)) & set(names):
        return ""
    return (
        "none of the spec's columns is there; what is there is not shown, since the "
        "table has personal data and this may be a row: `csv.header: false`?"
    )


def _unrecognised(table: Table, names: Sequence[str]) -> str:
    """What `evolve` refuses, too: a header that was not taken apart as it is meant."""
    if not set(originals(table)) & set(names):
        return f"none of the spec's columns is among {_shown(names)}"
    missing = [
        column.original
        for column in table.columns
        if table.is_required(column) and column.original not in names
    ]
    if missing:
        return f"missing column {_shown(missing)}, which has no NULL"
    return _clash(table, names)


def _clash(table: Table, names: Sequence[str]) -> str:
    """What would mix two columns of the files in one of the lake, or make too many."""
    landed = {column.name: column.original for column in table.columns}
    known = set(originals(table))
    new = [name for name in names if name not in known]
    if len(new) > _MOST_NEW:
        return (
            f"{len(new):,} new columns, more than {_MOST_NEW:,}: are names data here?"
        )
    for name in new:
        if "\0" in name:
            return f"column {name!r} has a NUL in its name"
        other = landed.setdefault(landed_name(name), name)
        if other != name:
            return (
                f"column {name!r} would land as {landed_name(name)!r}, "
                f"where {other!r} lands"
            )
    return ""


def schema_error(source: Source, table: Table, problems: Sequence[str]) -> GateError:
    """The refusal of files whose columns do not fit."""
    more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
    return GateError(
        "columns do not fit, nothing of this source was published: "
        + " | ".join(problems[:5])
        + more,
        where=f"source {source.name}, table {table.name}",
        remedy="Correct `columns` in the spec (`from:` names a renamed one) or "
        "`csv.delimiter`, or set `schema_policy: evolve`.",
    )


def _problem(source: Source, table: Table, names: tuple[str, ...] | None) -> str:
    if names is None:
        return ""
    if withheld := _withheld(table, names):
        return withheld
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        return f"column {_shown(twice)} is there twice"
    return mismatch(source, table, names)


def _shown(names: Sequence[str]) -> str:
    """Names for a message: of a header that is none, it would hold the whole line."""
    cut = [
        name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
        for name in names[:_MOST_NAMES]
    ]
    rest = f" and {len(names) - len(cut):,} more" if len(names) > len(cut) else ""
    return ", ".join(map(repr, cut)) + rest


def _others(members: Sequence[SourceFile]) -> str:
    return f" (so do {len(members) - 1} more files)" if len(members) > 1 else ""


def free_name(name: str, taken: set[str]) -> str:
    """The name, with a number when it is taken."""
    number = 2
    candidate = name
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def _split(files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, ...]]:
    part: list[SourceFile] = []
    size = 0
    for file in files:
        weight = file.size * (1 if file.compression == "uncompressed" else _EXPANSION)
        if part and (size + weight > _BATCH_BYTES or len(part) == _BATCH_FILES):
            yield tuple(part)
            part, size = [], 0
        part.append(file)
        size += weight
    yield tuple(part)
