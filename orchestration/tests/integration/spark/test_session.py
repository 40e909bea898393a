"""Spark on branches of one lake: one JVM for all tests of this file."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

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
        select "id" as "a b", 'it''s ${x}' as text,
            typeof(cast('2020-01-01' as timestamp)) as type
        from shop.orders
        """
    ).first()
    assert row is not None
    assert tuple(row) == (1, "it's ${x}", "timestamp_ntz")
    with pytest.raises(Exception, match="CAST_INVALID_INPUT"):
        spark.sql("select cast('x' as int)").collect()


def verbs(
    spark: "SparkSession", endpoint: Endpoint, **limits: Any
) -> Callable[..., Any]:
    from orchestration.build.spark.calls import SparkCalls  # noqa: PLC0415

    calls = SparkCalls(endpoint, BRANCHES[0], spark, **limits)
    return lambda verb, **payload: json.loads(calls.answer(verb, json.dumps(payload)))


def test_pinned_rows_stay_whatever_becomes_of_their_table(
    spark: "SparkSession", endpoint: Endpoint
) -> None:
    calls = verbs(spark, endpoint)
    spark.sql("create table shop.changing as select 1 as id")
    sql = "select id from shop.changing"
    calls("pin", name="pinned", sql=sql)
    spark.sql("delete from shop.changing")
    assert spark.sql(sql).count() == 0
    assert spark.sql("select * from pinned").count() == 1
    assert calls("unpin", name="pinned") == {"result": True}
