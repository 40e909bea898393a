"""Rows that one engine writes are the rows that every other reads."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.lake import Lake, process
from orchestration.lake.session import connect as connect_duckdb
from orchestration.lake.session import rest_catalog
from orchestration.settings import Settings
from orchestration.spark.session import connect as connect_spark
from orchestration.tests import environment
from orchestration.tests.cross.engines import SCHEMA, DuckDB, PyIceberg, Spark
from orchestration.tests.cross.kinds import KINDS, Column, Kind
from orchestration.tests.cross.world import World
from orchestration.tests.integration.spark.test_session import conf

pa: Any = pyarrow  # which has no types

pytest.importorskip("pyspark", reason="the extra spark is not installed")
pytestmark = [pytest.mark.spark, pytest.mark.slow]

BRANCH = "cross"
ENGINES = ("duckdb", "spark")
MODES = ("merge-on-read", "copy-on-write")
Make = Callable[..., World]
# Names that need quotes; and one that another column had before.
ODD_NAMES = ("Größe", 'a "b"', "select", "c0", "C 1")


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """`make(columns)`: another table, on one lake and one session of each engine."""
    folder = tmp_path_factory.mktemp("cross")
    (folder / "dbt_project.yml").touch()
    with pytest.MonkeyPatch.context() as patch:
        environment.only(
            patch,
            FIRN_PROJECT_DIR=folder,
            FIRN_USER="tester",
            FIRN_HOME=folder / "home",
        )
        settings = Settings.load()
        with closing(Lake.open(settings)) as lake:
            lake.create_branch(BRANCH)
        endpoint = process.ensure_catalog(settings)
        with (
            closing(connect_duckdb(settings, BRANCH)) as con,
            closing(rest_catalog(endpoint, BRANCH)) as catalog,
        ):
            con.execute(f"create schema lake.{SCHEMA}")
            spark = Spark(connect_spark(endpoint, BRANCH, conf()))
            engines = {"duckdb": DuckDB(con), "spark": spark}
            third = PyIceberg(catalog)
            numbers = itertools.count()
            yield lambda columns: World(f"t{next(numbers)}", engines, third, columns)
        process.release(settings)


def edge_rows(first: int, columns: list[Column]) -> list[dict[str, Any]]:
    """Every edge of every column at least once, and a row of NULLs."""
    count = max(len(one.kind.edges) for one in columns)
    rows = [
        {
            "id": first + n,
            **{c.name: c.kind.edges[n % len(c.kind.edges)] for c in columns},
        }
        for n in range(count)
    ]
    return [*rows, {"id": first + count, **{c.name: None for c in columns}}]


TOURS = [(one, mode) for one in ENGINES for mode in MODES]


@pytest.mark.parametrize(
    ("one", "mode"),
    [TOURS[0], *(pytest.param(*t, marks=pytest.mark.full) for t in TOURS[1:])],
)
def test_every_type_takes_every_way(
    one: str, mode: str, make: Make, request: pytest.FixtureRequest
) -> None:
    """The tour: what one engine writes the other changes, and back again."""
    other = next(name for name in ENGINES if name != one)
    columns = [Column(f"c{n}", kind) for n, kind in enumerate(KINDS)]
    world = make(columns)
    world.create(one, mode)
    world.partition(other, [(columns[9], "month({})")])
    world.insert(one, edge_rows(0, columns))
    world.check()
    world.delete(other, [1])
    world.merge(other, edge_rows(3, columns))
    world.check()
    world.merge(one, edge_rows(7, columns))
    world.delete(one, [0, 8])
    for name, column in zip(ODD_NAMES, columns[:3], strict=False):
        world.rename(other, column, name)
    world.add(one, Column("c1", KINDS[0]))
    world.drop(other, columns[12])
    world.update(one, Column("c1", KINDS[0]), True, [2, 3])
    world.check()
    world.partition(one, [])
    world.insert(other, edge_rows(50, world.columns[1:]))
    world.update(other, Column("c1", KINDS[0]), None, [3, 50])
    world.check()
    step = 1 if request.node.get_closest_marker("full") else 3
    for column in world.columns[::step]:
        if not is_nested(column.kind):
            world.check_lookups(column)


def is_nested(kind: Kind) -> bool:
    return bool(pa.types.is_nested(kind.arrow))


def draw_rows(data: st.DataObject, world: World) -> list[dict[str, Any]]:
    values = {one.name: st.none() | one.kind.values for one in world.columns[1:]}
    ids = st.integers(0, 12)
    row = st.fixed_dictionaries({"id": ids, **values})
    return data.draw(st.lists(row, min_size=1, max_size=4, unique_by=lambda r: r["id"]))


def insert(data: st.DataObject, world: World, engine: str) -> None:
    world.insert(engine, draw_rows(data, world))


def merge(data: st.DataObject, world: World, engine: str) -> None:
    world.merge(engine, draw_rows(data, world))


def delete(data: st.DataObject, world: World, engine: str) -> None:
    world.delete(engine, data.draw(st.sets(st.integers(0, 12), min_size=1, max_size=4)))


def update(data: st.DataObject, world: World, engine: str) -> None:
    column = data.draw(st.sampled_from(world.columns[1:]))
    said = column.kind.values if column.kind.has_literals else st.nothing()
    value = data.draw(st.none() | said)
    world.update(engine, column, value, data.draw(st.sets(st.integers(0, 12))))


def add(data: st.DataObject, world: World, engine: str) -> None:
    taken = {column.name.lower() for column in world.columns}
    name = next(f"c{n}" for n in itertools.count() if f"c{n}" not in taken)
    # DuckDB (1.5) adds no nested column, and says so; models add theirs by a verb.
    known = [kind for kind in KINDS if engine == "spark" or not is_nested(kind)]
    world.add(engine, Column(name, data.draw(st.sampled_from(known))))


def drop(data: st.DataObject, world: World, engine: str) -> None:
    free = [one for one in world.columns[1:] if one.name not in world.pinned]
    if len(world.columns) > 2 and free:
        world.drop(engine, data.draw(st.sampled_from(free)))


def rename(data: st.DataObject, world: World, engine: str) -> None:
    taken = {column.name.lower() for column in world.columns}
    free = [one for one in world.columns[1:] if one.name not in world.pinned]
    names = [name for name in ODD_NAMES if name.lower() not in taken]
    if free and names:
        column = data.draw(st.sampled_from(free))
        world.rename(engine, column, data.draw(st.sampled_from(names)))


def partition(data: st.DataObject, world: World, engine: str) -> None:
    plain = [one for one in world.columns if one.name.isidentifier()]
    ways = [(one, how) for one in plain for how in one.kind.transforms]
    parts = st.lists(
        st.sampled_from(ways), max_size=2, unique_by=lambda way: way[0].name
    )
    world.partition(engine, data.draw(parts))


STEPS = (insert, merge, merge, delete, update, add, drop, rename, partition)


def take_steps(data: st.DataObject, make: Make) -> None:
    kinds = data.draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    world = make([Column(f"c{n}", kind) for n, kind in enumerate(kinds)])
    engines = st.sampled_from(ENGINES)
    world.create(data.draw(engines), data.draw(st.sampled_from(MODES)))
    insert(data, world, data.draw(engines))
    for _ in range(data.draw(st.integers(1, 6))):
        step = data.draw(st.sampled_from(STEPS))
        step(data, world, data.draw(engines))
        world.check()
    flat = [one for one in world.columns if not is_nested(one.kind)]
    if world.rows:
        world.check_lookups(data.draw(st.sampled_from(flat)))


QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large)
FEW = settings(
    max_examples=2, deadline=None, derandomize=True, suppress_health_check=QUIET
)
MANY = settings(max_examples=100, deadline=None, suppress_health_check=QUIET)


@FEW
@given(data=st.data())
def test_any_operations_by_any_engine(data: st.DataObject, make: Make) -> None:
    take_steps(data, make)


@pytest.mark.full
@MANY
@given(data=st.data())
def test_many_operations_by_any_engine(data: st.DataObject, make: Make) -> None:
    take_steps(data, make)
