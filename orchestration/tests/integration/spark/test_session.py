"""Spark on branches of one lake: one JVM for all tests of this file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from orchestration.errors import UsageError
from orchestration.lake import Lake, process
from orchestration.lake.process import Endpoint
from orchestration.settings import Settings
from orchestration.spark.session import connect
from orchestration.tests import environment

pytest.importorskip("pyspark", reason="the extra spark is not installed")
pytestmark = [pytest.mark.spark, pytest.mark.slow]

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROFILE = Path(__file__).parents[4] / "profiles/profiles.yml"
BRANCHES = ("one", "other")


def conf() -> dict[str, str]:
    """The profile's settings, without those that ask the environment."""
    outputs = yaml.safe_load(PROFILE.read_text())["firn"]["outputs"]
    given: dict[str, str] = outputs["spark"]["server_side_parameters"]
    own = {
        k: v for k, v in given.items() if "{{" not in v and not k.startswith("firn.")
    }
    return {**own, "spark.master": "local[2]", "spark.sql.shuffle.partitions": "2"}


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    folder = tmp_path_factory.mktemp("spark")
    (folder / "dbt_project.yml").touch()
    with pytest.MonkeyPatch.context() as patch:
        environment.only(
            patch,
            FIRN_PROJECT_DIR=folder,
            FIRN_USER="tester",
            FIRN_HOME=folder / "home",
        )
        settings = Settings.load()
        lake = Lake.open(settings)
        for branch in BRANCHES:
            lake.create_branch(branch)
        lake.close()
        yield process.ensure_catalog(settings)
        process.release(settings)


@pytest.fixture(scope="module")
def spark(endpoint: Endpoint) -> "SparkSession":
    session = connect(endpoint, BRANCHES[0], conf())
    session.sql("create namespace shop")
    session.sql("create table shop.orders as select 1 as id, 'a' as name")
    return session


def test_the_token_is_on_no_command_line(
    spark: "SparkSession", endpoint: Endpoint
) -> None:
    lines = [
        path.read_bytes().decode(errors="replace")
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists()
    ]
    assert any("SparkSubmit" in line for line in lines)
    assert not any(endpoint.token in line for line in lines)
    told = spark.sql("set spark.sql.catalog.lake.token").collect()
    assert endpoint.token not in str(told)


def test_sessions_on_two_branches_do_not_mix(
    spark: "SparkSession", endpoint: Endpoint
) -> None:
    other = connect(endpoint, BRANCHES[1], conf())
    assert other.sql("show namespaces").collect() == []
    other.sql("create namespace shop")
    assert other.sql("show tables in shop").collect() == []
    assert [row["id"] for row in spark.table("shop.orders").collect()] == [1]


def test_sql_means_what_it_means_on_duckdb(spark: "SparkSession") -> None:
    row = spark.sql(
        """
        select "id" as "a b", 'it''s' as text,
            typeof(cast('2020-01-01' as timestamp)) as type
        from shop.orders
        """
    ).first()
    assert row is not None
    assert tuple(row) == (1, "it's", "timestamp_ntz")
    with pytest.raises(Exception, match="CAST_INVALID_INPUT"):
        spark.sql("select cast('x' as int)").collect()


def test_pinned_rows_stay_whatever_becomes_of_their_table(
    spark: "SparkSession",
) -> None:
    from orchestration.build.spark.calls import SPARK_VERBS  # noqa: PLC0415

    spark.sql("create table shop.changing as select 1 as id")
    sql = "select id from shop.changing"
    SPARK_VERBS["pin"](spark, {"name": "pinned", "sql": sql})
    spark.sql("delete from shop.changing")
    assert spark.sql(sql).count() == 0
    assert spark.sql("select * from pinned").count() == 1
    assert SPARK_VERBS["unpin"](spark, {"name": "pinned"})


REFUSED = [
    "add jar 'x.jar'",
    "begin select 1; end",
    "call lake.system.expire_snapshots('shop.orders')",
    "create function f as 'a.B'",
    "create table spark_catalog.default.t (a int) using csv location '/tmp/x'",
    "create temporary view v using csv options (path '/etc/passwd')",
    "execute immediate 'add jar ''x.jar'''",
    "from shop.orders insert overwrite directory '/tmp/x' using csv select 1",
    "insert overwrite directory '/tmp/x' using csv select 1",
    "load data inpath '/tmp/x' into table shop.orders",
    "select java_method('java.lang.System', 'getenv', 'HOME')",
    "select `reflect` ('java.lang.System', 'getenv', 'HOME')",
    "set spark.sql.runSQLOnFiles = true",
    "with a as (select 1) insert overwrite directory '/x' using csv select * from a",
]
ALLOWED = [
    "create or replace temporary view v as select 1",
    "delete from shop.orders where id = 3",
    "describe shop.orders",
    'insert into shop.orders by name select 1 as "id"',
    "merge into shop.orders using (select 1 as i) on id = i when matched then delete",
    "with a as (select 1 as x) select * from a union all select 2",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_a_publishing_build_refuses_what_reaches_out(
    sql: str, spark: "SparkSession"
) -> None:
    from orchestration.build.spark.guard import check  # noqa: PLC0415

    with pytest.raises(UsageError, match="is refused"):
        check(spark, sql)


@pytest.mark.parametrize("sql", ALLOWED)
def test_a_publishing_build_writes_tables(sql: str, spark: "SparkSession") -> None:
    from orchestration.build.spark.guard import check  # noqa: PLC0415

    check(spark, sql)


def test_a_publishing_build_names_no_file_as_a_table(
    spark: "SparkSession", endpoint: Endpoint, tmp_path: Path
) -> None:
    from orchestration.build.spark.guard import SETTINGS  # noqa: PLC0415

    file = tmp_path / "file.txt"
    file.write_text("secret\n")
    query = f"select * from text.`{file}`"
    free = connect(endpoint, BRANCHES[0], conf())
    guarded = connect(endpoint, BRANCHES[0], {**conf(), **SETTINGS})
    assert free.sql(query).collect(), "the guard is all that keeps it"
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        guarded.sql(query).collect()
