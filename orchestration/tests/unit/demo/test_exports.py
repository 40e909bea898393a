"""What the till exports: every prefix of its folders is a business that adds up."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest

from demo.exports import TABLES, daily_exports
from demo.shop import Row, Tables, simulate

HISTORY_END = date(2018, 10, 30)
DAYS = 66

Exports = list[tuple[date, Tables]]


def export_all() -> Exports:
    return list(daily_exports(simulate(DAYS), history_end=HISTORY_END))


@pytest.fixture(scope="module")
def exports() -> Exports:
    return export_all()


def readable_orders(exports: Exports) -> dict[str, Row]:
    """The latest readable row of each order."""
    return {
        row["id"]: row
        for _, folder in exports
        for row in folder["orders"]
        if "T25:" not in row["ordered_at"]
    }


def test_history_is_one_folder_and_then_there_is_one_a_day(exports: Exports) -> None:
    days = [day for day, _ in exports]
    assert days == [HISTORY_END + timedelta(days=n) for n in range(len(days))]
    assert len(days) == 7
    assert set(exports[0][1]) == set(TABLES)


def test_two_calls_export_the_same_keys_included(exports: Exports) -> None:
    assert export_all() == exports


def test_whatever_has_arrived_every_order_has_all_its_items(exports: Exports) -> None:
    for end in range(1, len(exports) + 1):
        prices = price_history(exports[:end])
        items: dict[str, list[str]] = {}
        for _, folder in exports[:end]:
            for item in folder["items"]:
                items.setdefault(item["order_id"], []).append(item["sku"])
        for order in readable_orders(exports[:end]).values():
            at = str(order["ordered_at"])
            charged = sum(price(prices, sku, at) for sku in items.get(order["id"], []))
            assert order["subtotal"] == charged


def price_history(exports: Exports) -> dict[str, list[tuple[str, int]]]:
    history: dict[str, list[tuple[str, int]]] = {}
    for _, folder in exports:
        for row in folder["products"]:
            history.setdefault(row["sku"], []).append((row["updated_at"], row["price"]))
    return history


def price(history: dict[str, list[tuple[str, int]]], sku: str, at: str) -> int:
    return [cents for since, cents in history[sku] if since <= at][-1]


def test_some_orders_come_late_half_of_them_after_their_items(exports: Exports) -> None:
    late = early_items = 0
    for (day, before), (_, folder) in pairwise(exports):
        sent = {row["id"] for row in before["orders"]}
        items_before = {row["order_id"] for row in before["items"]}
        for row in folder["orders"]:
            if row["ordered_at"].startswith(str(day)) and row["id"] not in sent:
                late += 1
                early_items += row["id"] in items_before
    assert 0 < early_items < late


def test_each_day_corrects_orders_of_the_day_before(exports: Exports) -> None:
    seen = {row["id"]: row for row in exports[0][1]["orders"]}
    for _, folder in exports[1:]:
        corrected = [
            row
            for row in folder["orders"]
            if row["id"] in seen and "T25:" not in seen[row["id"]]["ordered_at"]
        ]
        earlier = [
            row["ordered_at"] < seen[row["id"]]["ordered_at"] for row in corrected
        ]
        totals = [
            row["order_total"] != seen[row["id"]]["order_total"] for row in corrected
        ]
        assert sorted(earlier) == [False, False, True]
        assert sorted(totals) == [False, True, True]
        seen |= {row["id"]: row for row in folder["orders"]}


def test_products_and_customers_change_with_the_time_of_the_change(
    exports: Exports,
) -> None:
    assert any(len(set(rows)) > 1 for rows in price_history(exports).values())
    names = Counter(row["id"] for _, folder in exports for row in folder["customers"])
    assert names.most_common(1)[0][1] > 1


def test_a_malformed_row_comes_right_the_next_day(exports: Exports) -> None:
    malformed = [
        (number, row["id"])
        for number, (_, folder) in enumerate(exports)
        for row in folder["orders"]
        if "T25:" in row["ordered_at"]
    ]
    assert malformed
    for number, order_id in malformed[:-1]:
        assert order_id in {row["id"] for row in exports[number + 1][1]["orders"]}
