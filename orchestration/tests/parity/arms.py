"""One way to build the project: a branch of the lake, and an engine for each day."""

import hashlib
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
from dbt.cli.main import dbtRunner

from orchestration.build import dbt
from orchestration.lake import Lake
from orchestration.lake.session import connect
from orchestration.lake.types import quote
from orchestration.settings import Settings

TARGETS = {"duckdb": "dev", "spark": "spark"}
# Merges as into a table of millions of rows.
_BROADCAST = "{firn_rows_worth_a_broadcast: -1}"
# The lake is the same for all arms up to here, so only what dbt makes is compared.
_RAW = "raw"
_BUILT = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class Content:
    """What a table or view holds: its columns with types, its rows, and their hash."""

    columns: tuple[tuple[str, str], ...]
    rows: int
    digest: str


@dataclass(frozen=True)
class Arm:
    """A branch, the engines that take turns on it, and dbt's `--vars`."""

    name: str
    title: str
    engines: Sequence[str]
    variables: str = "{}"

    def engine(self, day: int) -> str:
        """Whose turn it is; day 0 is the history."""
        return self.engines[day % len(self.engines)]

    def build(self, settings: Settings, day: int) -> None:
        """Take what has landed on `main`, and build on it."""
        with closing(Lake.open(settings)) as lake:
            if self.name in {branch.name for branch in lake.branches()}:
                lake.refresh(self.name)
            else:
                lake.create_branch(self.name)
        engine = self.engine(day)
        arguments = ["build", "--target", TARGETS[engine], "--quiet"]
        arguments += ["--project-dir", str(settings.project_dir)]
        arguments += ["--profiles-dir", str(settings.project_dir / "profiles")]
        # Each engine keeps what it has parsed.
        arguments += ["--target-path", str(settings.home / "target" / engine)]
        arguments += ["--vars", self.variables]
        for kind in _BUILT:
            arguments += ["--resource-type", kind]
        with dbt.session(settings, branch=self.name):
            outcome = dbtRunner().invoke(arguments)
        assert outcome.success, f"{self.name}, day {day}: {_failures(outcome)}"

    def contents(self, settings: Settings) -> dict[str, Content]:
        """Everything that dbt made, as a reader on DuckDB sees it."""
        with closing(connect(settings, self.name, read_only=True)) as con:
            names = con.execute(
                "select distinct schema, name from (show all tables) "
                "where database in ('lake', 'memory') and schema <> $raw",
                {"raw": _RAW},
            ).fetchall()
            return {
                f"{schema}.{name}": content(con, schema, name) for schema, name in names
            }


DUCKDB = Arm("parity_duckdb", "DuckDB", ["duckdb"])
ARMS = (
    DUCKDB,
    Arm("parity_spark", "Spark", ["spark"]),
    Arm("parity_both", "both in turns", ["duckdb", "spark"], _BROADCAST),
)


def content(con: duckdb.DuckDBPyConnection, schema: str, name: str) -> Content:
    """Hash a table's rows, whatever their order: floats by every digit."""
    relation = f"{quote(schema)}.{quote(name)}"
    described = con.execute(f"describe {relation}").fetchall()
    rows = con.execute(
        f"select to_json(held)::varchar as line from {relation} as held order by line"
    ).fetchall()
    digest = hashlib.sha256()
    for (line,) in rows:
        digest.update(line.encode() + b"\n")
    columns = tuple((str(row[0]), str(row[1])) for row in described)
    return Content(columns, len(rows), digest.hexdigest()[:16])


def difference(settings: Settings, relation: str, one: Arm, other: Arm) -> str:
    """Up to three rows that only one of two arms has, for whoever looks into it."""
    schema, name = relation.split(".")
    found = []
    lines: dict[str, set[str]] = {}
    for arm in (one, other):
        with closing(connect(settings, arm.name, read_only=True)) as con:
            held = con.execute(
                "select to_json(held)::varchar "
                f"from {quote(schema)}.{quote(name)} as held"
            ).fetchall()
            lines[arm.name] = {line for (line,) in held}
    for arm, against in ((one, other), (other, one)):
        only = sorted(lines[arm.name] - lines[against.name])
        found += [f"only {arm.name}: {line}" for line in only[:3]]
    return "\n".join(found)


def _failures(outcome: object) -> str:
    results = getattr(getattr(outcome, "result", None), "results", None) or ()
    failed = [f"{r.node.name}: {r.message}" for r in results if r.status == "error"]
    return "\n".join(failed) or str(getattr(outcome, "exception", ""))


def project_at(folder: Path, *, source: Path) -> None:
    """A copy of the project's dbt side, with the example's source specs."""
    for name in ("macros", "models", "profiles", "seeds", "snapshots", "tests"):
        shutil.copytree(source / name, folder / name)
    for name in ("dbt_project.yml", "selectors.yml"):
        shutil.copy(source / name, folder / name)
    spec = "orchestration/ingestion/sources/ecom.yml"
    (folder / spec).parent.mkdir(parents=True)
    # One malformed row is a larger share of a small shop's day.
    text = (source / spec).read_text().replace("share: 0.02", "share: 0.2")
    (folder / spec).write_text(text)
