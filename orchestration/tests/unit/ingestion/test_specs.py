"""A spec that is wrong says in which line, and what to write instead."""

from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest

from orchestration.errors import NotFoundError, SpecError, UsageError
from orchestration.ingestion.spec import Period
from orchestration.ingestion.specs import expand, load_source, load_sources
from orchestration.settings import Settings

GOOD = """\
name: shop
path: landing
tables:
  - name: orders
    files: "*.csv"
    primary_key: [id]
    cursor: ordered_at
    columns:
      - {name: id, type: int8}
      - {name: total_usd, from: Order Total, type: "numeric(9,2)"}
      - {name: ordered_at, type: timestamptz}
"""


def load(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(dedent(text))
    load_source(path)


def test_a_good_spec_has_canonical_types(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(GOOD)
    source = load_source(path)
    [table] = source.tables
    types = [column.type for column in table.columns]
    assert types == ["bigint", "decimal(9,2)", "timestamp with time zone"]
    assert [column.original for column in table.columns][1] == "Order Total"
    assert source.raw_name("orders") == "shop__orders"
    assert table.is_required(table.columns[0])
    assert not table.is_required(table.columns[1])


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("cursor: ordered_at", "cursr: ordered_at", 7, "Did you mean 'cursor'?"),
        ("from: Order", "frm: Order", 10, "Did you mean 'from'?"),
        ("path: landing", "", 1, "'path' is missing"),
        ("type: int8", "type: tinyint", 9, "Iceberg cannot hold tinyint"),
        ("type: int8", "type: json", 9, "Iceberg cannot hold json"),
        ("type: int8", "type: 'int[tinyint]'", 9, "not a column type"),
        ("type: int8", "type: 'struct(a tinyint)'", 9, "cannot hold tinyint"),
        ("type: int8", "type: nope", 9, "not a column type of DuckDB"),
        ("primary_key: [id]", "primary_key: [idd]", 4, "there is no 'idd'"),
        ("    primary_key: [id]\n", "", 4, "a cursor needs a primary_key"),
        ("name: ordered_at", "name: id", 4, "two columns share their names: id"),
        ("name: total_usd", "name: _total", 10, "does not start with '_'"),
        ("name: total_usd", "name: Total", 10, "`name: total` and `from: Total`"),
        ("name: orders", "name: rejects", 4, "kept for the lake's own table"),
        ("name: orders", "name: my__orders", 4, "is no name"),
        ("name: shop", "name: shpo", 1, "Rename the file to shpo.yml"),
        ("path: landing", "path: a\nformat: cvs", 3, "Did you mean 'csv'?"),
        ("path: landing", "path: a\nmax_reject_share: 5", 3, "less than or equal to 1"),
        ("path: landing", "path: a\npath: b", 3, "said twice, first on line 2"),
        ("path: landing", "path: [a", 3, "not valid YAML"),
        ("path: landing", "path:", 2, "'path' has no value"),
        ("path: landing", "path: !x a", 2, "not a plain value"),
        ("path: landing", "path: !!python/object:a.B {}", 2, "not a plain value"),
        ("path: landing", "path: a\nfreshness: {}", 3, "warn_after, error_after"),
        (
            "path: landing",
            "path: a\nfreshness:\n  warn_after: {count: 1, period: days}",
            4,
            "Did you mean 'day'?",
        ),
        *(
            ("path: landing", f"path: a\nschedule:\n  {line}", 4, message)
            for line, message in (
                ("pol: api", "Did you mean 'pool'?"),
                ("every: 5", "Known: pool, queue, priority_weight, patience."),
                ("pool: 'my pool'", "is no name"),
                ("pool: Shop", "is no name"),
                ("pool: ''", "is no name"),
                ("queue: ''", "at least 1 character"),
                ("queue: 7", "valid string"),
                ("priority_weight: 0", "greater than or equal to 1"),
                ("priority_weight: -1", "greater than or equal to 1"),
                ("priority_weight: high", "valid integer"),
                ("patience: 60", "valid dictionary"),
                ("patience: {count: -5, period: minute}", "greater than 0"),
                ("patience: {count: 0, period: minute}", "greater than 0"),
                ("patience: {count: 1.5, period: minute}", "valid integer"),
                ("patience: {count: 1000000000, period: day}", "less than or equal"),
                ("patience: {count: 5, period: second}", "Use 'minute'"),
                ("patience: {count: 5}", "'period' is missing"),
                ("patience: {cuont: 5, period: day}", "Did you mean 'count'?"),
            )
        ),
        ("path: landing", "path: a\nschedule: hourly", 3, "valid dictionary"),
        (
            "path: landing",
            "path: a\ncsv: {header: false}\nschema_policy: evolve",
            1,
            "needs a header",
        ),
    ],
)
def test_an_error_names_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert old in GOOD
    with pytest.raises(SpecError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert caught.value.where == f"{tmp_path / 'shop.yml'}:{line}"
    assert message in str(caught.value)
    assert caught.value.remedy


def test_every_error_is_listed_in_the_order_of_its_line(tmp_path: Path) -> None:
    text = GOOD.replace("int8", "tinyint").replace("path: landing", "pth: landing")
    with pytest.raises(SpecError) as caught:
        load(tmp_path, text)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0].rpartition(":")[2] for line in lines] == ["1", "2", "9"]


@pytest.mark.parametrize("text", ["", "- a\n", "name\n"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecError, match="mapping of keys"):
        load(tmp_path, text)


def test_a_path_takes_variables_and_defaults() -> None:
    text = "${FIRN_TEST_PLACE:-landing}/shop"
    assert expand(text, source="shop", environ={}) == "landing/shop"
    set_to = {"FIRN_TEST_PLACE": "/data"}
    assert expand(text, source="shop", environ=set_to) == "/data/shop"
    with pytest.raises(SpecError, match="FIRN_TEST_PLACE, which is not set"):
        expand("${FIRN_TEST_PLACE}/shop", source="shop", environ={})


def test_an_unknown_source_names_the_nearest(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.yml").write_text(GOOD)
    monkeypatch.setenv("FIRN_SOURCES", str(tmp_path))
    assert [source.name for source in load_sources(settings)] == ["shop"]
    with pytest.raises(NotFoundError, match="Did you mean 'shop'"):
        load_sources(settings, ["shp"])


def test_a_folder_of_specs_that_is_not_there_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRN_SOURCES", str(tmp_path / "nix"))
    with pytest.raises(UsageError, match=r"FIRN_SOURCES: its folder .*nix does not"):
        load_sources(settings)


def test_the_projects_own_specs_are_valid(settings: Settings) -> None:
    assert load_sources(settings)


def test_a_source_is_scheduled_as_it_says(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(GOOD)
    source = load_source(path)
    assert source.pool == "shop", "its own"
    assert source.schedule.patience.seconds == 60
    path.write_text(
        f"{GOOD}schedule: {{pool: erp, priority_weight: 3, queue: slow,"
        " patience: {count: 2, period: hour}}\n"
    )
    source = load_source(path)
    assert (source.pool, source.schedule.queue) == ("erp", "slow")
    assert source.schedule.priority_weight == 3
    assert source.schedule.patience.seconds == 7200


@pytest.mark.parametrize("period", ["minute", "hour", "day"])
def test_the_longest_period_has_seconds(
    period: Literal["minute", "hour", "day"],
) -> None:
    assert Period(count=1_000_000, period=period).seconds >= 60_000_000
