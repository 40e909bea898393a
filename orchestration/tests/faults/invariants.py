"""What must hold after any fault: `check` now, `converged` after an undisturbed run."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from typing import Any, Protocol

import duckdb
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.table import StaticTable

from orchestration.lake import Lake, TableId, process
from orchestration.lake.catalog.files import local_path
from orchestration.lake.model import TEMPORARY, Pointer
from orchestration.lake.session import connect, rest_catalog
from orchestration.tests.faults import shop
from orchestration.tests.faults.world import World

MARTS = {
    "marts.fct_orders": "order_id, customer_id, ordered_on, amount",
    "marts.dim_customers": "customer_key, customer_id, name, valid_from, valid_to",
    "marts.rpt_totals": "orders, amount, newest",
    "snapshots.customers_history": "* exclude (dbt_updated_at)",
}
_KEYS = {"marts.fct_orders": "order_id", "marts.dim_customers": "customer_key"}
_END = "timestamp '9999-12-31'"
State = dict[str, str]


class Reference(Protocol):
    """Something that knows what a run without any fault comes to."""

    def after(self, days: tuple[int, ...]) -> State:
        """The marts' hashes after those days."""
        ...


def check(world: World) -> None:
    """Assert everything that holds at every moment, whatever was killed before it."""
    with closing(world.lake()) as lake:
        main = lake.pointers("main")
        history_is_linear(lake, main)
        files_are_there(lake)
        if world.last is not None:
            outcome_is_recorded(world, lake)
    with _open(world) as (con, catalog):
        every_table_reads(con, catalog, main)
        rows_are_accounted_for(world, con, main)
        keys_are_unique(con, main)
        versions_are_seamless(con, main)
        marts_agree(con, main)


def check_published(world: World, count: int) -> None:
    """Assert everything, and how many publications there are."""
    check(world)
    with closing(world.lake()) as lake:
        assert len(lake.log(1000)) == count


def converged(world: World, undisturbed: Reference) -> None:
    """Assert that the marts are those of a run over the same days without a fault."""
    assert marts(world) == undisturbed.after(tuple(world.days))


def marts(world: World) -> State:
    """A hash of each mart's rows on `main`, without what depends on the time of day."""
    with _open(world) as (con, _):
        return {
            table: _hash(con.execute(f"select {columns} from lake.{table}").fetchall())
            for table, columns in MARTS.items()
        }


def history_is_linear(lake: Lake, main: dict[TableId, Pointer]) -> None:
    """Each publication starts where the one before it ended, and `main` is the last."""
    state: dict[TableId, str] = {}
    unknown: set[TableId] = set()  # moved by publications whose pointers were cleaned
    for publication in reversed(lake.log(10_000)):
        assert publication.changes, f"publication {publication.id} moved nothing"
        for change in publication.changes:
            before = state.pop(change.table, None)
            if publication.cleaned:
                unknown.add(change.table)
                continue
            if change.table not in unknown:
                assert before == change.old, (publication.id, change.table)
            unknown.discard(change.table)
            if change.new is not None:
                state[change.table] = change.new
    found = {table: one.metadata_location for table, one in main.items()}
    assert state == {t: one for t, one in found.items() if t not in unknown}
    assert not [table for table in main if TEMPORARY in table.name]


def files_are_there(lake: Lake) -> None:
    """Every file of every snapshot of every branch and publication can be opened."""
    locations = {
        pointer.metadata_location
        for branch in lake.branches()
        for pointer in lake.pointers(branch.name).values()
    }
    for publication in lake.log(10_000):
        for change in publication.changes:
            locations |= {one for one in (change.old, change.new) if one}
    missing = {
        file
        for location in locations
        for file in (location, *_files_of(location))
        if not local_path(file).is_file()
    }
    assert not missing, sorted(missing)


def outcome_is_recorded(world: World, lake: Lake) -> None:
    """The exit code says what the log says: a call that failed built nothing new."""
    done = world.last
    assert done is not None
    assert "Traceback" not in done.err, done.err
    since = [one for one in lake.log(100) if one.id > done.newest]
    built = [one for one in since if one.branch.startswith("run_")]
    if done.code in (1, 2, 3):
        assert not built, (done, built)
    data = done.data
    if done.code == 0 and isinstance(data, dict) and "status" in data:
        assert data["status"] in ("published", "unchanged"), done
        if data["status"] == "published":
            assert data["publication"] in [one.id for one in built], (done, built)
        else:
            assert not built, (done, built)


def every_table_reads(
    con: duckdb.DuckDBPyConnection,
    catalog: RestCatalog,
    main: dict[TableId, Pointer],
) -> None:
    """DuckDB and pyiceberg read every table, and as many rows."""
    for table, pointer in main.items():
        name = f"lake.{table}" if pointer.kind == "TABLE" else f"memory.{table}"
        rows = con.execute(f"select * from {name}").fetchall()
        if pointer.kind == "TABLE":
            scanned = catalog.load_table((table.namespace, table.name)).scan()
            assert scanned.to_arrow().num_rows == len(rows), table


def rows_are_accounted_for(
    world: World, con: duckdb.DuckDBPyConnection, main: dict[TableId, Pointer]
) -> None:
    """Source rows are landed or rejected, cell by cell, and each file once."""
    if TableId("raw", "shop__loads") not in main:
        assert not [table for table in main if table.namespace == "raw"]
        return
    query = "select table_name, _source_file from lake.raw.shop__loads"
    known = Counter(con.execute(query).fetchall())
    assert not [file for file, times in known.items() if times > 1]
    assert known.keys() <= {(s.table, _path(d, s)) for d, s in _dropped(world)}
    for table, columns in (("orders", shop.ORDERS), ("customers", shop.CUSTOMERS)):
        expected = [
            (_path(day, sheet), *row)
            for day, sheet in _dropped(world)
            if sheet.table == table and (table, _path(day, sheet)) in known
            for row in sheet.good
        ]
        landed = con.execute(
            f"select _source_file, {', '.join(f'{c}::varchar' for c in columns)} "
            f"from lake.raw.shop__{table}"
        ).fetchall()
        assert Counter(landed) == Counter(expected), table
    rejected_rows_are_kept(world, con, known)
    ledger_adds_up(world, con)


def rejected_rows_are_kept(
    world: World, con: duckdb.DuckDBPyConnection, known: Counter[tuple[str, str]]
) -> None:
    """The lines that did not fit are among the rejects, each once and as it was."""
    query = "select _source_file, raw_line from lake.raw.shop__rejects"
    assert Counter(con.execute(query).fetchall()) == Counter(
        (_path(day, sheet), ",".join(row))
        for day, sheet in _dropped(world)
        for row in sheet.bad
        if (sheet.table, _path(day, sheet)) in known
    )


def ledger_adds_up(world: World, con: duckdb.DuckDBPyConnection) -> None:
    """What the ledger counts in each file is what the file holds."""
    query = (
        "select table_name, _source_file, source_rows, landed_rows, rejected_rows "
        "from lake.raw.shop__loads"
    )
    counted = {(row[0], row[1]): row[2:] for row in con.execute(query).fetchall()}
    for day, sheet in _dropped(world):
        found = counted.get((sheet.table, _path(day, sheet)))
        landed, rejected = len(sheet.good), len(sheet.bad)
        assert found in (None, (landed + rejected, landed, rejected)), sheet.table


def keys_are_unique(
    con: duckdb.DuckDBPyConnection, main: dict[TableId, Pointer]
) -> None:
    """No key of a mart is there twice."""
    for table, key in _KEYS.items():
        if TableId.parse(table) in main:
            twice = f"select {key} from lake.{table} group by 1 having count(*) > 1"
            assert not con.execute(twice).fetchall(), table


def versions_are_seamless(
    con: duckdb.DuckDBPyConnection, main: dict[TableId, Pointer]
) -> None:
    """No overlap, no gap, one current row of each customer."""
    if TableId("snapshots", "customers_history") not in main:
        return
    torn = con.execute(
        f"""
        select customer_id, dbt_valid_from, dbt_valid_to, following from (
            select *, coalesce(dbt_valid_to, {_END}) as ends,
                lead(dbt_valid_from) over (
                    partition by customer_id order by dbt_valid_from, dbt_valid_to
                ) as following
            from lake.snapshots.customers_history
        )
        where dbt_valid_from >= ends or ends <> coalesce(following, {_END})
        """
    ).fetchall()
    assert not torn


def marts_agree(con: duckdb.DuckDBPyConnection, main: dict[TableId, Pointer]) -> None:
    """The marts of `main` were built together."""
    present = [table for table in MARTS if TableId.parse(table) in main]
    assert present in ([], list(MARTS)), present
    if present:
        [whole] = con.execute(WHOLE).fetchall()
        assert is_whole(whole), whole


# One statement over all marts: what a reader of `main` sees at one moment.
WHOLE = """
select
    (select count(*) from lake.marts.fct_orders) as counted,
    (select sum(amount) from lake.marts.fct_orders) as summed,
    (select orders from lake.marts.rpt_totals) as orders,
    (select amount from lake.marts.rpt_totals) as amount,
    (select count(*) from lake.marts.dim_customers) as versions,
    (select count(*) from lake.snapshots.customers_history) as history
"""


def is_whole(row: tuple[Any, ...]) -> bool:
    """Whether what `WHOLE` returned is one state, not parts of two."""
    counted, summed, orders, amount, versions, history = row
    return (counted, summed, versions) == (orders, amount, history)


@contextmanager
def _open(world: World) -> Iterator[tuple[duckdb.DuckDBPyConnection, RestCatalog]]:
    settings = world.settings
    try:
        with closing(connect(settings, "main", read_only=True)) as con:
            endpoint = process.ensure_catalog(settings)
            yield con, rest_catalog(endpoint, "main")
    finally:
        process.release(settings)


@lru_cache(maxsize=10_000)
def _files_of(location: str) -> frozenset[str]:
    """The files of all snapshots of a metadata file, which never changes."""
    if '"view-uuid"' in local_path(location).read_text():
        return frozenset()
    table = StaticTable.from_metadata(location)
    found: set[str] = set()
    for snapshot in table.metadata.snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            found.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(table.io)
            found |= {entry.data_file.file_path for entry in entries}
    return frozenset(found)


def _dropped(world: World) -> Iterator[tuple[int, shop.Sheet]]:
    for day in world.days:
        for sheet in shop.sheets(day):
            yield day, sheet


def _path(day: int, sheet: shop.Sheet) -> str:
    return f"landing/shop/day_{day:03d}/{sheet.table}.csv"


def _hash(rows: list[tuple[Any, ...]]) -> str:
    text = "\n".join(sorted(map(repr, rows)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
