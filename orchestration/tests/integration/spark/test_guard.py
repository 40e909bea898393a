"""SQL on Spark in a build that publishes: the lake, and nothing else."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestration.errors import UsageError
from orchestration.lake import TableId
from orchestration.lake.confine import Limits
from orchestration.lake.definition import Column, Definition
from orchestration.lake.process import Endpoint
from orchestration.lake.session import rest_catalog
from orchestration.lake.views import put_view
from orchestration.spark.session import connect
from orchestration.tests.integration.spark.test_session import (
    BRANCHES,
    conf,
    endpoint,
    spark,
    verbs,
)
from orchestration.tests.pages import fault, mutant

pytest.importorskip("pyspark", reason="the extra spark is not installed")
pytestmark = [pytest.mark.spark, pytest.mark.slow]

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame, SparkSession

    Run = Callable[[str], DataFrame]

__all__ = ["endpoint", "spark"]

NAME = "SQL on Spark that reaches beyond the lake, in such a build"
SEEN = "exit 1: the model fails and says what is refused; nothing is published"
VIEW = "a view of the lake whose text for Spark reaches beyond it"
VARIABLE = "a text such as `${env:HOME}` in a model on Spark"
VARIABLE_TEXT = "${system:canary}"
SEED = "a seed's verb that is given another file, in such a build on Spark"

# By what it would get, where it can be looked at; {file} holds it, too.
SECRET = "CanaryOutside"
_COMMAND = "transform(id) using 'cat - {file}' as (x)"
_PROPERTY = "'java.lang.System', 'getProperty', 'canary'"
REACHES = {
    "a command": f"select {_COMMAND} from shop.one",
    "a command in a with": f"with a as (select {_COMMAND} from shop.one) table a",
    "a command in a subquery": (
        f"select (select max(x) from (select {_COMMAND} from shop.one))"
    ),
    "a command by map": "from shop.one map id using 'cat - {file}' as x",
    "a file": "select * from text.`{file}`",
    "the JVM": f"select reflect({_PROPERTY})",
    "the JVM, after a comment": f"select java_method/**/({_PROPERTY})",
    "the JVM, by try": f"select try_reflect({_PROPERTY})",
}
REFUSED = [
    "add file '/etc/passwd'",
    "add jar 'x.jar'",
    "alter table shop.one set tblproperties ('write.data.path' = '/tmp/x')",
    "begin select 1; end",
    "cache table shop.one",
    "call lake.system.expire_snapshots('shop.one')",
    "create function f as 'a.B'",
    "create table spark_catalog.default.t (a int) using csv location '/tmp/x'",
    "create temporary view v using csv options (path '/etc/passwd')",
    "create view shop.v as select 1",
    "declare x int",
    "describe query select 1",
    "drop table shop.one",
    "drop table identifier('shop.one')",
    "execute immediate 'add jar ''x.jar'''",
    "explain select 1",
    "from shop.one insert overwrite directory '/tmp/x' using csv select 1",
    "insert overwrite directory '/tmp/x' using csv select 1",
    "load data inpath '/tmp/x' into table shop.one",
    "select * from identifier('shop.one')",
    f"select system.builtin.`reflect`({_PROPERTY})",
    "select from_xml('<a/>', 'a int', map('rowValidationXSDPath', 'http://a/b'))",
    "set catalog spark_catalog",
    "set spark.sql.catalog.other = org.apache.iceberg.spark.SparkCatalog",
    "set spark.sql.runSQLOnFiles = true",
    "use lake.shop",
    "with a as (select 1) insert overwrite directory '/x' using csv select * from a",
]
ALLOWED = [
    "create or replace temporary view v as with a as (select 1) select * from a",
    "describe extended `v`",  # as dbt does for unit tests
    "delete from shop.one where id in (select 3)",
    "describe shop.one",
    "describe shop.calls",  # a view, whose text is not looked at for this
    "drop view if exists v",
    'insert into shop.one by name select 2 as "id"',
    "merge into shop.one using (select 3 as i) on id = i when matched then delete",
    "select *, row_number() over w from shop.one window w as (order by id) limit 1",
    "select * from shop.one timestamp as of current_timestamp() order by id offset 1",
    "select * from values (1), (2) as t(x) lateral view explode(array(1)) e as y",
    "select x, count(*) from range(3) as t(x) group by cube (x) having count(*) > 0",
    "update shop.one set id = 1 where id = 1",
    "with recursive r(n) as (select 1 union all select 2 from r where n < 2) table r",
    "select x, y from range(2) as t(x), lateral (select x) as l(y) union select 1, 2",
]


VIEWS = {
    "runs_a_command": "select transform(id) using 'cat' as (x) from shop.one",
    # This one runs while Spark only looks at the query that reads the view.
    "executes": "execute immediate 'insert into shop.one values (99)'",
    "inserts": "insert into shop.one values (99)",
    "calls": "select reflect('java.lang.System', 'getProperty', 'canary') as x",
    "reads_a_file": "select value as x from text.`/etc/passwd`",
    "reads_another": "with a as (select * from shop.executes) select * from a",
}


@pytest.fixture(scope="module", autouse=True)
def shop(spark: "SparkSession", endpoint: Endpoint) -> None:
    """A table of one row, the views, and a secret of the JVM."""
    spark.sql("create table shop.one as select 1 as id")
    assert spark._jvm is not None
    spark._jvm.java.lang.System.setProperty("canary", SECRET)
    catalog = rest_catalog(endpoint, BRANCHES[0])
    columns = Definition(columns=(Column(name="x", type="VARCHAR"),))
    for name, sql in VIEWS.items():
        put_view(catalog, TableId("shop", name), columns, {"spark": sql})
    catalog.close()


@pytest.fixture
def session(endpoint: Endpoint) -> "SparkSession":
    """A session that substitutes variables, as Spark does unless told otherwise."""
    own = {**conf(), "spark.sql.variable.substitute": "true"}
    return connect(endpoint, BRANCHES[0], own)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is no part of the lake."""
    path = tmp_path / "file.txt"
    path.write_text(f"{SECRET}\n")
    return path


def guarded(session: "SparkSession") -> "Run":
    from orchestration.build.spark.guard import Guard  # noqa: PLC0415

    return Guard(session).run


def refused(run: "Run", sql: str) -> None:
    from pyspark.errors import AnalysisException  # noqa: PLC0415

    no = (UsageError, AnalysisException)
    with pytest.raises(no, match=r"refused\..* reads and writes|_NOT_FOUND"):
        run(sql).collect()


@fault("Security", NAME, seen=SEEN, rerun="the same, until the model is corrected")
@pytest.mark.parametrize("name", REACHES)
def test_what_reaches_out_is_refused(
    name: str, session: "SparkSession", file: Path
) -> None:
    refused(guarded(session), REACHES[name].format(file=file))


@mutant(NAME, guard="statements are looked at before Spark runs them")
@pytest.mark.parametrize("name", REACHES)
def test_without_the_guard_it_gets_there(
    name: str, session: "SparkSession", file: Path
) -> None:
    sql = REACHES[name].format(file=file)
    assert SECRET in str(session.sql(sql).collect())
    with pytest.raises(pytest.fail.Exception):
        refused(session.sql, sql)


OFF = {"_hold": "a command", "_FUNCTIONS": "the JVM"}


@mutant(NAME, guard="kinds of statements, and functions, each on its own")
@pytest.mark.parametrize("part", OFF)
def test_without_a_part_of_the_guard_it_gets_there(
    part: str, session: "SparkSession", file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.build.spark import guard  # noqa: PLC0415

    nothing: Any = (lambda *_, **__: None) if part == "_hold" else ()
    monkeypatch.setattr(guard, part, nothing)
    with pytest.raises(pytest.fail.Exception):
        refused(guarded(session), REACHES[OFF[part]].format(file=file))


@fault("Security", NAME, seen=SEEN, rerun="the same, until the model is corrected")
def test_other_statements_are_refused(session: "SparkSession") -> None:
    run = guarded(session)
    for sql in REFUSED:
        refused(run, sql)


def test_what_keeps_to_the_lake_runs(session: "SparkSession") -> None:
    run = guarded(session)
    for sql in ALLOWED:
        run(sql)
    assert run("select id from shop.one where id < 3 order by id").collect() == [
        (1,),
        (2,),
    ]


@fault("Security", VARIABLE, seen="the text stays as it is written")
def test_a_text_is_not_substituted(session: "SparkSession") -> None:
    sql = f"select '{VARIABLE_TEXT}' as a"
    assert guarded(session)(sql).collect() == [(VARIABLE_TEXT,)]


@mutant(VARIABLE, guard="variables are not substituted")
def test_without_the_setting_a_text_is_the_secret(session: "SparkSession") -> None:
    sql = f"select '{VARIABLE_TEXT}' as a"
    assert session.sql(sql).collect() == [(SECRET,)]


def check_views(session: "SparkSession") -> None:
    run = guarded(session)
    before = session.table("shop.one").count()
    for name in VIEWS:
        refused(run, f"with a as (select * from lake.shop.{name}) select * from a")
    assert session.table("shop.one").count() == before


@fault("Security", VIEW, seen=SEEN, rerun="the same, until the view is corrected")
def test_a_view_reaches_no_further(session: "SparkSession") -> None:
    check_views(session)


@mutant(VIEW, guard="views are held before Spark looks at what reads them")
def test_unseen_views_run_statements(
    session: "SparkSession", monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.build.spark.guard import Guard  # noqa: PLC0415

    monkeypatch.setattr(Guard, "_hold_views", lambda *_: None)
    before = session.table("shop.one").count()
    with pytest.raises((pytest.fail.Exception, AssertionError)):
        check_views(session)
    assert session.table("shop.one").count() > before


def check_seed(session: "SparkSession", endpoint: Endpoint, file: Path) -> None:
    seeds = file.parent / "seeds"
    seeds.mkdir()
    (seeds / "a.csv").write_text("a\n1\n")
    call = verbs(session, endpoint, limits=Limits([seeds]))
    mine = f"select * from read_csv('{seeds}/a.csv')"
    good = call("read_seed", name="good", sql=mine, path=f"{seeds}/a.csv")
    assert good == {"result": None}
    assert session.table("good").count() == 1
    query = f"select * from read_text('{file}')"
    bad = call("read_seed", name="bad", sql=query, path=str(file))
    assert "seed-paths" in bad.get("error", "")
    assert "seed-paths" in call("md5_of_file", path=str(file)).get("error", "")
    copy = f"copy (select 1) to '{seeds}/b.csv'"
    wrote = call("read_seed", name="bad", sql=copy, path=f"{seeds}/a.csv")
    assert "not one query" in wrote.get("error", "")
    assert not (seeds / "b.csv").exists()


@fault("Security", SEED, seen=SEEN, rerun="the same, until the model is corrected")
def test_the_verbs_of_seeds_read_seeds_alone(
    session: "SparkSession", endpoint: Endpoint, file: Path
) -> None:
    check_seed(session, endpoint, file)


@mutant(SEED, guard="seeds are read within the limits of DuckDB's builds")
def test_without_limits_they_read_any_file(
    session: "SparkSession",
    endpoint: Endpoint,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from orchestration.build.spark import calls  # noqa: PLC0415

    monkeypatch.setattr(calls, "confine", lambda *_: None)
    with pytest.raises(AssertionError):
        check_seed(session, endpoint, file)
