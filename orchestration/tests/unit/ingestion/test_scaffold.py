"""A sample becomes a spec, a dbt source that agrees with it, and staging models."""

import gzip
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.errors import UsageError
from orchestration.ingestion import dbt_yaml
from orchestration.ingestion.naming import singular, tables_in
from orchestration.ingestion.scaffold import scaffold
from orchestration.ingestion.specs import load_source
from orchestration.settings import Settings
from orchestration.tests.pages import promise


@pytest.fixture
def project(settings: Settings, tmp_path: Path) -> Settings:
    """A project of its own, with an empty landing folder."""
    (tmp_path / "landing").mkdir()
    return replace(settings, project_dir=tmp_path)


def drop(settings: Settings, name: str, data: str | bytes) -> Path:
    path = settings.project_dir / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


ORDERS = "id,Customer Name,order,total,is_gift,day,updated_at\n" + "".join(
    f"{n},c{n},x,{n}.5,true,2026-01-0{n},2026-01-0{n} 10:00:00\n" for n in (1, 2, 3)
)


@promise("your own data, scaffolded")
def test_a_folder_becomes_a_source(project: Settings) -> None:
    drop(project, "2026-01-01/orders.csv", ORDERS)
    drop(project, "2026-01-02/orders.csv", ORDERS)  # sent again: the key still holds
    drop(project, "2026-01-01/tweets_20260101.jsonl", '{"text": "a"}\n{"text": "a"}\n')
    drop(project, "2026-01-01/.orders.csv.swp", "x")
    drop(project, "readme.md", "no data")

    written = scaffold(project, "shop", project.project_dir / "landing")

    assert [path.as_posix() for path in written] == [
        "orchestration/ingestion/sources/shop.yml",
        "models/staging/shop/_shop__sources.yml",
        "models/staging/shop/stg_shop__orders.sql",
        "models/staging/shop/stg_shop__orders.yml",
        "models/staging/shop/stg_shop__tweets.sql",
        "models/staging/shop/stg_shop__tweets.yml",
    ]
    source = load_source(project.sources_dir / "shop.yml")
    orders, tweets = source.tables
    assert (source.path, source.format) == ("landing", "csv")
    assert (orders.files, orders.primary_key) == ("*/orders.csv", ("id",))
    assert orders.cursor == "updated_at"
    assert [(c.name, c.original, c.type) for c in orders.columns] == [
        ("id", "id", "bigint"),
        ("customer_name", "Customer Name", "varchar"),
        ("order", "order", "varchar"),
        ("total", "total", "double"),
        ("is_gift", "is_gift", "boolean"),
        ("day", "day", "date"),
        ("updated_at", "updated_at", "timestamp"),
    ]
    assert (tweets.files, tweets.format) == ("*/tweets_[0-9]*.jsonl", "jsonl")
    assert tweets.primary_key == ()


def test_a_staging_model_is_in_house_style(project: Settings) -> None:
    drop(project, "orders.csv", ORDERS)
    scaffold(project, "shop", project.project_dir / "landing/orders.csv")
    folder = project.project_dir / "models/staging/shop"
    assert (
        (folder / "stg_shop__orders.sql").read_text()
        == """\
with

orders as (

    {{ latest_by_key(source('shop', 'orders'), ['id']) }}

),

renamed as (

    select
        id as order_id,

        customer_name,
        "order",

        total,

        is_gift,

        day,

        updated_at,

        _loaded_at

    from orders

)

select * from renamed
"""
    )
    [model] = yaml.safe_load((folder / "stg_shop__orders.yml").read_text())["models"]
    assert model["columns"][0]["data_tests"] == ["unique", "not_null"]
    assert [column["name"] for column in model["columns"]][1:4] == [
        "customer_name",
        "order",
        "total",
    ]


def test_how_a_csv_is_written_goes_into_the_spec(project: Settings) -> None:
    drop(project, "rows.csv", "day;v\n31/12/2025;a\n01/02/2026;b\n")
    scaffold(project, "shop", project.project_dir / "landing")
    source = load_source(project.sources_dir / "shop.yml")
    assert (source.csv.delimiter, source.csv.date_format) == (";", "%d/%m/%Y")
    assert source.tables[0].columns[0].type == "date"


def test_files_written_in_two_ways_are_refused(project: Settings) -> None:
    drop(project, "one.csv", "a,b\n1,2\n")
    drop(project, "two.csv", "a;b\n1;2\n")
    with pytest.raises(UsageError, match="differ in their delimiter"):
        scaffold(project, "shop", project.project_dir / "landing")
    assert not project.sources_dir.exists()


def test_types_that_iceberg_lacks_become_wider_ones(project: Settings) -> None:
    path = project.project_dir / "landing/rows.parquet"
    duckdb.sql(
        "copy (select 1::tinyint as a, 2::ubigint as b, '{}'::json as c, "
        f"timestamp_ns '2026-01-01' as d, 3::hugeint as e) to '{path}'"
    )
    scaffold(project, "shop", path)
    columns = load_source(project.sources_dir / "shop.yml").tables[0].columns
    assert [column.type for column in columns][:4] == [
        "integer",
        "decimal(20,0)",
        "varchar",
        "timestamp",
    ]


def test_nothing_is_overwritten(project: Settings) -> None:
    drop(project, "orders.csv", ORDERS)
    model = project.project_dir / "models/staging/shop/stg_shop__orders.sql"
    model.parent.mkdir(parents=True)
    model.write_text("mine")
    with pytest.raises(UsageError, match="never overwrites") as caught:
        scaffold(project, "shop", project.project_dir / "landing")
    assert caught.value.where == "models/staging/shop/stg_shop__orders.sql"
    assert model.read_text() == "mine"
    assert not project.sources_dir.exists()


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        ("Shop", "orders.csv", "is no name"),
        ("shop", "rejects.csv", "kept for the lake's own table"),
        ("shop", "notes.md", "there is no CSV"),
    ],
)
def test_what_makes_no_source_is_refused(
    project: Settings, name: str, file: str, message: str
) -> None:
    drop(project, file, ORDERS)
    with pytest.raises(UsageError, match=message):
        scaffold(project, name, project.project_dir / "landing")


def test_a_file_that_duckdb_cannot_read_is_named(project: Settings) -> None:
    path = drop(project, "rows.parquet", "no parquet")
    with pytest.raises(UsageError, match="DuckDB cannot read it") as caught:
        scaffold(project, "shop", path)
    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    ("paths", "name", "glob"),
    [
        (["orders.csv"], "orders", "orders.csv"),
        (["orders.csv", "orders.csv.gz"], "orders", "orders.csv*"),
        (["orders_20260101.csv"], "orders", "orders_[0-9]*.csv"),
        (["2026-01-01-orders.csv"], "orders", "[0-9]*orders.csv"),
        (["2026-01-01/Order Items.csv"], "order_items", "*/Order Items.csv"),
        (["day=2026-01-01/part-0.parquet"], "part", "*/part-[0-9]*.parquet"),
        (["orders/2026-01-01.csv"], "orders", "orders/[0-9]*.csv"),
        (["eu/orders.csv", "us/orders.csv"], "orders", "**/orders.csv"),
        (["2026.csv"], "rows", "[0-9]*.csv"),
        (["a[b].csv"], "a_b", "a[[]b].csv"),
    ],
)
def test_files_are_grouped_by_what_their_names_share(
    tmp_path: Path, paths: list[str], name: str, glob: str
) -> None:
    for path in paths:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(gzip.compress(b"") if "gz" in path else b"")
    [table] = tables_in(tmp_path, list(tmp_path.rglob("*.*")))
    assert (table.name, table.glob) == (name, glob)
    assert set(table.files) == {tmp_path / path for path in paths}
    assert set(table.files) == set(tmp_path.glob(glob))


@pytest.mark.parametrize(
    ("plural", "one"),
    [("orders", "order"), ("supplies", "supply"), ("glass", "glass"), ("s", "s")],
)
def test_singular(plural: str, one: str) -> None:
    assert singular(plural) == one


def test_the_committed_dbt_sources_agree_with_the_specs(settings: Settings) -> None:
    assert dbt_yaml.disagreements(settings) == []


def test_a_dbt_source_that_drifts_is_told(project: Settings) -> None:
    drop(project, "orders.csv", ORDERS)
    scaffold(project, "shop", project.project_dir / "landing")
    assert dbt_yaml.disagreements(project) == []
    spec = project.sources_dir / "shop.yml"
    spec.write_text(spec.read_text().replace("count: 7", "count: 9"))
    [line] = dbt_yaml.disagreements(project)
    assert line.startswith("models/staging/shop/_shop__sources.yml: freshness of shop.")
    path = project.project_dir / "models/staging/shop/_shop__sources.yml"
    path.unlink()
    assert dbt_yaml.disagreements(project) == [
        "models/staging/shop/_shop__sources.yml is missing: dbt does not know shop"
    ]


def test_pii_and_descriptions_reach_dbt(project: Settings) -> None:
    spec = project.sources_dir
    spec.mkdir(parents=True)
    (spec / "shop.yml").write_text(
        "name: shop\npath: x\ntables:\n  - name: people\n    files: '*'\n"
        "    freshness: {error_after: {count: 1, period: day}}\n    columns:\n"
        "      - {name: email, pii: true, description: Where to write to.}\n"
    )
    text = dbt_yaml.render_sources_yaml(load_source(spec / "shop.yml"))
    [table] = yaml.safe_load(text)["sources"][0]["tables"]
    assert table["identifier"] == "shop__people"
    assert table["config"]["freshness"] == {
        "error_after": {"count": 1, "period": "day"}
    }
    assert table["columns"] == [
        {
            "name": "email",
            "data_type": "varchar",
            "description": "Where to write to.",
            "config": {"tags": ["pii"], "meta": {"pii": True}},
        }
    ]
