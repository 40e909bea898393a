"""Dropping the folders one by one where the source expects them."""

import csv
from datetime import date
from pathlib import Path

import pytest

from demo import drop as demo_drop


@pytest.fixture(autouse=True)
def _a_short_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_drop, "HISTORY_DAYS", 20)
    monkeypatch.setattr(demo_drop, "HISTORY_END", date(2018, 9, 20))
    monkeypatch.setattr(demo_drop, "SPARE_DAYS", 2)


def test_history_comes_first_then_a_day_each_then_nothing(tmp_path: Path) -> None:
    dropped = [demo_drop.drop(tmp_path) for _ in range(4)]
    source = tmp_path / "ecom"
    assert dropped == [
        source / "2018-09-20",
        source / "2018-09-21",
        source / "2018-09-22",
        None,
    ]


def test_a_dropped_folder_has_a_csv_with_a_header_for_each_table(
    tmp_path: Path,
) -> None:
    folder = demo_drop.drop(tmp_path)
    assert folder is not None
    tables = {path.stem for path in folder.iterdir()}
    assert tables == {
        "customers",
        "orders",
        "items",
        "products",
        "stores",
        "supplies",
        "tweets",
    }
    with (folder / "orders.csv").open() as file:
        row = next(csv.DictReader(file))
    assert list(row) == [
        "id",
        "customer",
        "ordered_at",
        "store_id",
        "subtotal",
        "tax_paid",
        "order_total",
    ]


def test_days_that_are_there_are_not_dropped_again(tmp_path: Path) -> None:
    (tmp_path / "ecom/2018-09-20").mkdir(parents=True)
    assert demo_drop.drop(tmp_path) == tmp_path / "ecom/2018-09-21"


def test_the_command_says_what_it_did_and_when_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"FIRN_LANDING": str(tmp_path)}
    for _ in range(3):
        assert demo_drop.main(environ) == 0
    assert "2018-09-22" in capsys.readouterr().out
    assert demo_drop.main(environ) == 0
    assert "No day is left" in capsys.readouterr().out


def test_nothing_below_orchestration_knows_the_example(
    request: pytest.FixtureRequest,
) -> None:
    root = request.config.rootpath / "orchestration"
    word = "jaf" + "fle"
    knowing = [
        path
        for path in root.rglob("*")
        if path.suffix in {".py", ".yml", ".md", ".sql"}
        and word in path.read_text().lower()
    ]
    assert knowing == []
