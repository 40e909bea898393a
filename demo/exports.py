"""What the shop's till exports each day, with the faults that real exports have.

Late: some orders of a day arrive with the next day's folder, half of them after their
items. Corrected: some of yesterday's orders are sent again, tax-exempt, with one item
more, or a day earlier, which moves them to another month on the first.
Changed: prices, costs and names change, with the time of the change in `updated_at`.
Malformed: now and then a row cannot be read, and comes right the next day.

Whatever arrives, an order is never there without all of its items, so that every
prefix of the folders is a state of the business that adds up.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from demo.shop import SEED, Row, Tables

LATE_SHARE = 0.03
TABLES = ("customers", "orders", "items", "products", "stores", "supplies", "tweets")


@dataclass(kw_only=True)
class Till:
    """The source system: what it knows, and what it has not sent yet."""

    shop: Tables
    day: date
    number: int = 0
    held: Tables = field(default_factory=lambda: defaultdict(list))
    sent_orders: list[Row] = field(default_factory=list)
    price_lists: list[dict[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        since = first_day(self.shop["orders"]) + "T00:00:00"
        for row in (*self.shop["products"], *self.shop["supplies"]):
            row["updated_at"] = since
        self.print_price_list()

    def print_price_list(self) -> None:
        """Keep today's prices; a correction charges those of the day it is about."""
        today = {row["sku"]: row["price"] for row in self.shop["products"]}
        self.price_lists.append(today)

    def charge(self, items: list[Row], *, days_ago: int) -> int:
        """What the items cost so many days ago; in the history, prices stood still."""
        prices = self.price_lists[max(0, self.number - days_ago)]
        return sum(prices[item["sku"]] for item in items)


def first_day(rows: Iterable[Row]) -> str:
    """The earliest order's day, as ISO text."""
    return min(str(row["ordered_at"])[:10] for row in rows)


def daily_exports(shop: Tables, *, history_end: date) -> Iterator[tuple[date, Tables]]:
    """Yield one folder for the history up to `history_end`, then one a day."""
    days = _by_day(shop, history_end)
    items: dict[str, list[Row]] = defaultdict(list)
    for item in shop["items"]:
        items[item["order_id"]].append(item)
    till = Till(shop=shop, day=history_end)
    for number, (day, rows) in enumerate(sorted(days.items())):
        till.number, till.day = number, day
        yield day, _export(till, rows, items)


def _export(till: Till, rows: Tables, items: dict[str, list[Row]]) -> Tables:
    # Nothing here is a secret: the generator only has to repeat itself.
    rng = random.Random(f"{SEED}/{till.number}")  # noqa: S311
    folder: Tables = {table: till.held.pop(table, []) for table in TABLES}
    if till.number:
        _change_reference_data(till, folder, rng)
        _correct_orders(till, folder, items, rng)
        for order in rows["orders"]:
            _reprice(order, items[order["id"]], till)
    _send_customers(till, rows["customers"], folder, rng)
    _send_orders(till, rows["orders"], folder, items, rng)
    _send_tweets(till, rows["tweets"], folder)
    for table in ("products", "supplies"):
        folder[table] = [dict(row) for row in till.shop[table]]
    folder["stores"] = [
        row for row in till.shop["stores"] if row["opened_at"][:10] <= str(till.day)
    ]
    return folder


def _change_reference_data(till: Till, folder: Tables, rng: random.Random) -> None:
    since = f"{till.day}T04:00:00"
    if till.number % 2 == 1:
        product = rng.choice(till.shop["products"])
        product.update(price=product["price"] + 50, updated_at=since)
    if till.number % 3 == 1:
        supply_id = rng.choice(till.shop["supplies"])["id"]
        for supply in till.shop["supplies"]:
            if supply["id"] == supply_id:
                supply.update(cost=supply["cost"] + 1, updated_at=since)
    till.print_price_list()
    known = [row for row in till.shop["customers"] if row["updated_at"] < since]
    for customer in rng.sample(known, 2):
        customer.update(name=f"{customer['name']}-Frost", updated_at=since)
        folder["customers"].append(dict(customer))


def _correct_orders(
    till: Till, folder: Tables, items: dict[str, list[Row]], rng: random.Random
) -> None:
    exempt, extended = rng.sample(till.sent_orders, 2)
    folder["orders"].append(exempt | {"tax_paid": 0, "order_total": exempt["subtotal"]})
    first = items[extended["id"]][0]
    added = first | {"id": f"{first['id'][:-4]}{till.number:04x}"}
    items[extended["id"]].append(added)
    folder["items"].append(added)
    subtotal = extended["subtotal"] + till.charge([added], days_ago=1)
    total = subtotal + extended["tax_paid"]
    folder["orders"].append(extended | {"subtotal": subtotal, "order_total": total})
    for moved in till.sent_orders:  # where the day does not change the price
        subtotal = till.charge(items[moved["id"]], days_ago=2)
        if moved["subtotal"] == subtotal and moved not in (exempt, extended):
            folder["orders"].append(moved | {"ordered_at": _day_earlier(moved)})
            return


def _day_earlier(order: Row) -> str:
    moment = datetime.fromisoformat(order["ordered_at"]) - timedelta(days=1)
    return moment.isoformat()


def _reprice(order: Row, items: list[Row], till: Till) -> None:
    """Charge what the products cost that day; the tax keeps its rate."""
    subtotal = till.charge(items, days_ago=0)
    if order["subtotal"]:
        order["tax_paid"] = order["tax_paid"] * subtotal // order["subtotal"]
    order["subtotal"] = subtotal
    order["order_total"] = subtotal + order["tax_paid"]


def _send_customers(
    till: Till, new: list[Row], folder: Tables, rng: random.Random
) -> None:
    """One new customer's record is entered a day after the first order."""
    late = rng.choice(new) if new and till.number else None
    for customer in new:
        target = till.held if customer is late else folder
        target["customers"].append(dict(customer))


def _send_orders(
    till: Till,
    orders: list[Row],
    folder: Tables,
    items: dict[str, list[Row]],
    rng: random.Random,
) -> None:
    till.sent_orders = []
    today = [row for row in orders if row["ordered_at"][:10] == str(till.day)]
    late = {row["id"] for row in today if rng.random() < LATE_SHARE}
    garbled = rng.choice(today)["id"] if till.number % 2 == 0 else None
    for order in orders:
        is_correctable = order["ordered_at"][:10] == str(till.day)
        held = order["id"] in late
        items_held = held and rng.random() < 0.5
        (till.held if items_held else folder)["items"].extend(items[order["id"]])
        if order["id"] == garbled:
            folder["orders"].append(order | {"ordered_at": f"{till.day}T25:61:00"})
            held = True
        (till.held if held else folder)["orders"].append(order)
        if is_correctable and not held and order["tax_paid"]:
            till.sent_orders.append(order)


def _send_tweets(till: Till, tweets: list[Row], folder: Tables) -> None:
    for position, tweet in enumerate(tweets):
        if position == 0 and till.number % 2 == 0:
            folder["tweets"].append(tweet | {"tweeted_at": "just now"})
            till.held["tweets"].append(tweet)
        else:
            folder["tweets"].append(tweet)


def _by_day(shop: Tables, history_end: date) -> dict[date, Tables]:
    days: dict[date, Tables] = defaultdict(lambda: defaultdict(list))
    first_order: dict[str, str] = {}
    for order in shop["orders"]:
        first_order.setdefault(order["customer"], order["ordered_at"])
        days[_export_day(order["ordered_at"], history_end)]["orders"].append(order)
    for tweet in shop["tweets"]:
        days[_export_day(tweet["tweeted_at"], history_end)]["tweets"].append(tweet)
    for customer in shop["customers"]:
        created = first_order[customer["id"]][:10]
        customer["updated_at"] = f"{created}T00:00:00"
        days[_export_day(created, history_end)]["customers"].append(customer)
    return days


def _export_day(moment: str, history_end: date) -> date:
    return max(date.fromisoformat(moment[:10]), history_end)
