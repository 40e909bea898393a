"""The small shop of the fault tests: its dbt project, its source, and its days.

Each day brings new orders, one late order, a correction of an earlier one, a changed
customer, and rows that do not fit, so that a run which lost or repeated anything comes
to other marts than one which did not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

FIRST = date(2026, 1, 1)
ORDERS = ("order_id", "customer_id", "ordered_on", "amount")
CUSTOMERS = ("customer_id", "name", "updated_at")

SPEC = """
name: shop
path: landing/shop
settle_seconds: 0
max_reject_share: 0.3
tables:
  - name: orders
    files: "*/orders.csv"
    primary_key: [order_id]
    columns:
      - {name: order_id, type: integer}
      - {name: customer_id, type: integer, required: true}
      - {name: ordered_on, type: date, required: true}
      - {name: amount, type: "decimal(9,2)", required: true}
  - name: customers
    files: "*/customers.csv"
    primary_key: [customer_id]
    cursor: updated_at
    columns:
      - {name: customer_id, type: integer}
      - {name: name, required: true}
      - {name: updated_at, type: timestamp, required: true}
"""

FILES = {
    "orchestration/ingestion/sources/shop.yml": SPEC,
    "dbt_project.yml": """
name: firn
version: "1.0"
config-version: 2
profile: firn
flags: {send_anonymous_usage_stats: false}
models:
  firn:
    staging: {+schema: staging, +materialized: view}
    marts: {+schema: marts, +materialized: table}
snapshots:
  firn: {+schema: snapshots}
""",
    "models/staging/shop.yml": """
sources:
  - name: shop
    schema: raw
    config:
      loaded_at_field: _loaded_at
      freshness: {error_after: {count: 3650, period: day}}
    tables:
      - {name: orders, identifier: shop__orders}
      - {name: customers, identifier: shop__customers}
""",
    "models/staging/stg_orders.sql": """
select order_id, customer_id, ordered_on, amount, _loaded_at
from ({{ latest_by_key(source('shop', 'orders'), ['order_id']) }}) as latest
""",
    "models/staging/stg_customers.sql": """
select customer_id, name, updated_at
from ({{ latest_by_key(source('shop', 'customers'), ['customer_id'], 'updated_at') }})
    as latest
""",
    "models/marts/fct_orders.sql": """
{{ config(materialized='incremental', unique_key='order_id') }}
select order_id, customer_id, ordered_on, amount, _loaded_at
from {{ ref('stg_orders') }}
where {{ loaded_since_last_build(['_loaded_at']) }}
""",
    "models/marts/dim_customers.sql": """
select
    dbt_scd_id as customer_key, customer_id, name, dbt_valid_from as valid_from,
    coalesce(dbt_valid_to, {{ end_of_time() }}) as valid_to
from {{ ref('customers_history') }}
""",
    "models/marts/rpt_totals.sql": """
select count(*) as orders, sum(amount) as amount, max(ordered_on) as newest
from {{ ref('fct_orders') }}
""",
    "models/marts/marts.yml": """
models:
  - name: fct_orders
    columns: [{name: order_id, data_tests: [not_null, unique]}]
  - name: dim_customers
    columns: [{name: customer_key, data_tests: [unique]}]
""",
    "snapshots/customers_history.yml": """
snapshots:
  - name: customers_history
    relation: ref('stg_customers')
    config: {unique_key: customer_id, strategy: timestamp, updated_at: updated_at}
""",
    "tests/assert_totals_are_those_of_the_orders.sql": """
select * from {{ ref('rpt_totals') }}
where orders <> (select count(*) from {{ ref('fct_orders') }})
""",
}


@dataclass(frozen=True)
class Sheet:
    """One file of a day: its rows as they are written, and how many do not fit."""

    table: str
    columns: Sequence[str]
    good: Sequence[tuple[str, ...]]
    bad: Sequence[tuple[str, ...]]

    def write(self, folder: Path) -> Path:
        """Write it as CSV, the rows that do not fit in the middle of the others."""
        middle = len(self.good) // 2
        rows = [*self.good[:middle], *self.bad, *self.good[middle:]]
        lines = [",".join(row) for row in (self.columns, *rows)]
        path = folder / f"{self.table}.csv"
        path.write_text("\n".join(lines) + "\n")
        return path


def sheets(day: int) -> list[Sheet]:
    """What the shop exports on a day, counted from 1: always the same."""
    on = FIRST + timedelta(days=day)
    orders = [_order(day * 100 + i, i % 7 + 1, on, 10 + i + day / 4) for i in range(20)]
    if day > 1:
        late = on - timedelta(days=2)
        orders.append(_order(day * 100 - 40, 3, late, 77 + day))
        orders.append(_order((day - 1) * 100 + 1, 2, on, 500 + day))
    bad = [(str(day * 100 + 90), "1", str(on), "oops"), ("", "1", str(on), "1.00")]
    # Everybody on the first day, later who has changed and who is new.
    who = range(1, 8) if day == 1 else (day % 7 + 1, 7 + day)
    at = datetime.combine(on, datetime.min.time()) + timedelta(hours=8)
    customers = [(str(one), f"name {one} of day {day}", str(at)) for one in who]
    return [
        Sheet("orders", ORDERS, orders, bad),
        Sheet("customers", CUSTOMERS, customers, []),
    ]


def write_project(folder: Path) -> None:
    """Write the project's own files; macros and profile are the repository's."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip())


def _order(number: int, customer: int, on: date, amount: float) -> tuple[str, ...]:
    return str(number), str(customer), str(on), f"{amount:.2f}"
