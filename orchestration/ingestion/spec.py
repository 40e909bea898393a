"""What a source is: one YAML file in `sources/`, validated before anything is read.

`sources/<name>.yml → Source → files.py, extract.py, land.py, dbt_yaml.py`
"""

import re
from collections import Counter
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

import duckdb
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from orchestration.ingestion.column_types import canonical_type

Format = Literal["csv", "json", "jsonl", "parquet"]
SchemaPolicy = Literal["strict", "evolve"]

# The lake's own names beside a source's tables.
RESERVED_TABLES = ("rejects", "loads")
SYSTEM_COLUMNS = ("_load_id", "_loaded_at", "_source_file", "_row_number")

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def _is_name(text: str) -> str:
    if _NAME.fullmatch(text):
        return text
    raise ValueError(
        f"{text!r} is no name: use lowercase letters, digits and single '_', "
        "starting with a letter"
    )


Name = Annotated[str, AfterValidator(_is_name)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column as it lands; `from` is its name in the file when that differs."""

    name: str
    type: str = "varchar"
    source_name: str | None = Field(default=None, alias="from")
    description: str = ""
    required: bool = False
    pii: bool = False

    @property
    def original(self) -> str:
        """The column's name in the files."""
        return self.source_name or self.name

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if not name or name.startswith("_"):
            raise ValueError("a column's name is not empty and does not start with '_'")
        if name != name.lower():
            raise ValueError(
                f"a landed column is lowercase: say `name: {name.lower()}` "
                f"and `from: {name}`"
            )
        return name

    @field_validator("type")
    @classmethod
    def _type_can_land(cls, text: str) -> str:
        return canonical_type(text)


class Period(_Strict):
    """A duration as dbt writes it: `{count: 36, period: hour}`."""

    count: int = Field(gt=0, le=1_000_000)  # years enough, and no overflow
    period: Literal["minute", "hour", "day"]

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return timedelta(**{f"{self.period}s": self.count}).total_seconds()


class Freshness(_Strict):
    """When the newest `_loaded_at` is too old: a warning, then an error."""

    warn_after: Period | None = None
    error_after: Period | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.warn_after is None and self.error_after is None:
            raise ValueError("freshness needs warn_after, error_after, or both")
        return self


class Schedule(_Strict):
    """How a scheduler treats the source.

    `pool` bounds what runs at once against the system behind it (default: the source's
    name); `patience` is how long a run waits for new files.
    """

    pool: Name | None = None
    queue: str = Field(default="default", min_length=1)
    priority_weight: int = Field(default=1, ge=1)
    patience: Period = Period(count=1, period="minute")


class CsvOptions(_Strict):
    """How the CSV files are written. An empty `quote` means that nothing is quoted."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', max_length=1)
    header: bool = True
    encoding: Literal["utf-8", "utf-16", "latin-1"] = "utf-8"
    null_strings: tuple[str, ...] = Field(default=("",), min_length=1)
    date_format: str | None = None
    timestamp_format: str | None = None

    @field_validator("delimiter", "quote")
    @classmethod
    def _mark_is_no_line_end(cls, mark: str) -> str:
        if mark in ("\r", "\n", "\0"):
            raise ValueError(f"{mark!r} cannot tell values apart")
        return mark

    @field_validator("quote")
    @classmethod
    def _quote_is_one_byte(cls, mark: str) -> str:
        if not mark.isascii():
            raise ValueError(f"{mark!r} is no quote: use an ASCII character, or none")
        return mark

    @field_validator("date_format", "timestamp_format")
    @classmethod
    def _format_is_one(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                with duckdb.connect() as con:
                    con.execute("select try_strptime('', ?)", [text])
            except duckdb.Error as error:
                raise ValueError(
                    f"{text!r} is no format of strptime: {error}"
                ) from error
        if text is not None and "%Z" in text.replace("%%", ""):
            raise ValueError(
                f"{text!r} reads names of zones, of which some hours come twice: have "
                "offsets written (%z)"
            )
        return text

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.delimiter == self.quote:
            raise ValueError("`delimiter` and `quote` are the same character")
        return self


class Table(_Strict):
    """One table to land. A cursor needs a key, since changed rows are merged on it."""

    name: Name
    files: str
    description: str = ""
    columns: tuple[Column, ...] = Field(min_length=1)
    primary_key: tuple[str, ...] = ()
    cursor: str | None = None
    format: Format | None = None
    schema_policy: SchemaPolicy | None = None
    max_reject_share: float | None = Field(default=None, ge=0, le=1)
    freshness: Freshness | None = None

    @field_validator("files")
    @classmethod
    def _files_stay_inside(cls, files: str) -> str:
        path = PurePosixPath(files)
        if not path.parts or path.is_absolute() or ".." in path.parts:
            raise ValueError(
                f"`files` is a glob within `path`: {files!r} would leave it"
            )
        return files

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name in RESERVED_TABLES:
            raise ValueError(f"{name!r} is kept for the lake's own table of {name}")
        return name

    @model_validator(mode="after")
    def _columns_agree(self) -> Self:
        names = [column.name for column in self.columns]
        for kind, used in (
            ("names", names),
            ("original names", [column.original for column in self.columns]),
        ):
            if twice := sorted(name for name, n in Counter(used).items() if n > 1):
                raise ValueError(f"two columns share their {kind}: {', '.join(twice)}")
        cursor = (self.cursor,) if self.cursor else ()
        for name in (*self.primary_key, *cursor):
            if name not in names:
                raise ValueError(
                    f"primary_key and cursor name columns; there is no {name!r} "
                    f"among {', '.join(names)}"
                )
        if self.cursor and not self.primary_key:
            raise ValueError("a cursor needs a primary_key: changed rows merge on it")
        return self

    def is_required(self, column: Column) -> bool:
        """Whether a NULL in the column makes the row a reject: a key always does."""
        return column.required or column.name in self.primary_key


class Source(_Strict):
    """A place that drops files, and the raw tables that they land in.

    `path` is relative to the project; `${VAR}` and `${VAR:-default}` come from the
    environment. A table's `files` is a glob relative to `path`.
    """

    name: Name
    kind: Literal["files"] = "files"
    description: str = ""
    path: str
    format: Format = "csv"
    csv: CsvOptions = CsvOptions()
    schema_policy: SchemaPolicy = "strict"
    max_reject_share: float = Field(default=0.05, ge=0, le=1)
    settle_seconds: float = Field(default=2, ge=0)
    max_unpacked_gib: float = Field(default=16, gt=0)
    max_unpack_ratio: float = Field(default=200, gt=0)
    freshness: Freshness | None = None
    schedule: Schedule = Schedule()
    tables: tuple[Table, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _tables_differ(self) -> Self:
        names = [table.name for table in self.tables]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two tables are named {', '.join(twice)}")
        for table in self.tables:
            if not self.csv.header and self.schema_policy_of(table) == "evolve":
                raise ValueError(
                    "`evolve` finds new columns by name: it needs a header"
                )
        return self

    @model_validator(mode="after")
    def _offsets_have_a_place(self) -> Self:
        reads_offsets = "%z" in (self.csv.timestamp_format or "").replace("%%", "")
        for table in self.tables if reads_offsets else ():
            for column in table.columns:
                if column.type == "timestamp":
                    raise ValueError(
                        f"`timestamp_format` reads an offset (%z), which {column.name} "
                        "would drop: declare it as `timestamp with time zone`"
                    )
        return self

    @property
    def pool(self) -> str:
        """What bounds the work against the system behind the source."""
        return self.schedule.pool or self.name

    def raw_name(self, table: str) -> str:
        """The lake's name of a table, without its namespace: `shop__orders`."""
        return f"{self.name}__{table}"

    def format_of(self, table: Table) -> Format:
        """The table's own format, else the source's."""
        return table.format or self.format

    def schema_policy_of(self, table: Table) -> SchemaPolicy:
        """The table's own policy, else the source's."""
        return table.schema_policy or self.schema_policy

    def max_reject_share_of(self, table: Table) -> float:
        """The table's own limit, else the source's: a share of the load's rows."""
        own = table.max_reject_share
        return self.max_reject_share if own is None else own
