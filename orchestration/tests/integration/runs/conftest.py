"""A dbt project of one source, one view and two marts, in a folder of its own."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli.main import app
from orchestration.lake import Lake, Provenance, process
from orchestration.lake.session import connect
from orchestration.settings import Settings
from orchestration.tests import environment

PROJECT = Path(__file__).parents[4]
Land = Callable[..., None]
Firn = Callable[..., Result]
FILES = {
    "dbt_project.yml": """
name: firn
version: "0.1.0"
config-version: 2
profile: firn
flags: {send_anonymous_usage_stats: false}
models:
  firn:
    staging: {+schema: staging, +materialized: view}
    marts: {+schema: marts, +materialized: table}
""",
    "models/staging/shop.yml": """
sources:
  - name: shop
    schema: raw
    config:
      loaded_at_field: _loaded_at
      freshness: {error_after: {count: 2, period: day}}
    tables: [{name: orders, identifier: shop__orders}]
""",
    "models/staging/stg_orders.sql": """
select order_id, amount from {{ source('shop', 'orders') }}
""",
    "models/marts/fct_orders.sql": """
select order_id, amount from {{ ref('stg_orders') }}
""",
    "models/marts/rpt_totals.sql": """
select count(*) as orders, sum(amount) as amount from {{ ref('fct_orders') }}
""",
    "models/marts/marts.yml": """
models:
  - name: fct_orders
    columns: [{name: order_id, data_tests: [not_null, unique]}]
""",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The project's settings; the command line sees the same ones."""
    folder = tmp_path / "project"
    for name in ("macros", "profiles"):
        shutil.copytree(PROJECT / name, folder / name)
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    environment.only(
        monkeypatch,
        FIRN_PROJECT_DIR=folder,
        FIRN_HOME=tmp_path / "home",
        FIRN_USER="tester",
        FIRN_CATALOG_IDLE_SECONDS=2,
    )
    settings = Settings.load()
    yield settings
    process.release(settings)


@pytest.fixture
def lake(project: Settings) -> Iterator[Lake]:
    opened = Lake.open(project)
    yield opened
    opened.close()


@pytest.fixture
def land(project: Settings, lake: Lake) -> Land:
    """`land((1, 10.0), (2, 5.0))` publishes orders, loaded just now or `days` ago."""

    def publish(*orders: tuple[int | None, float], days: float = 0) -> None:
        lake.create_branch("ingest_test")
        at = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=days)
        with connect(project, "ingest_test") as connection:
            connection.execute("create schema if not exists lake.raw")
            connection.execute(
                "create table if not exists lake.raw.shop__orders "
                "(order_id integer, amount double, _loaded_at timestamp)"
            )
            rows = [(number, amount, at) for number, amount in orders]
            connection.executemany(
                "insert into lake.raw.shop__orders values (?, ?, ?)", rows
            )
        lake.publish("ingest_test", Provenance(who="tester"))
        lake.drop_branch("ingest_test")

    return publish


@pytest.fixture
def firn(project: Settings) -> Firn:
    """The command line: `firn("log")`."""
    return lambda *args: CliRunner().invoke(app, list(args), prog_name="firn")
