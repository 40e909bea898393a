"""Years of a shop's life from the generator jafgen, the same ones on every call."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from faker import Faker
from jafgen.simulation import Simulation
from jafgen.stores.inventory import Inventory
from jafgen.stores.stock import Stock

Row = dict[str, Any]
Tables = dict[str, list[Row]]

SEED = 20180901


def simulate(days: int) -> Tables:
    """Simulate so many days from 2018-09-01, as rows by table name.

    jafgen draws from the global generators of `random`, numpy, Faker and `uuid`;
    seeding all four makes two calls equal, keys included.
    """
    np.random.seed(SEED)
    random.seed(SEED)
    Faker.seed(SEED)
    with _repeatable_uuids():
        simulation: Any = Simulation(0, "raw")  # type: ignore[no-untyped-call]
        simulation.sim_days = days
        simulation.run_simulation()
    return {
        "customers": _rows(simulation.customers.values()),
        "orders": _rows(simulation.orders),
        "items": [row for order in simulation.orders for row in order.items_to_dict()],
        "products": Inventory.to_dict(),
        "stores": _rows(market.store for market in simulation.markets),
        "supplies": Stock.to_dict(),
        "tweets": _rows(simulation.tweets),
    }


def _rows(things: Any) -> list[Row]:
    return [thing.to_dict() for thing in things]


@contextmanager
def _repeatable_uuids() -> Iterator[None]:
    numbers = random.Random(SEED)  # noqa: S311 - keys of example data
    genuine = uuid.uuid4
    uuid.uuid4 = lambda: uuid.UUID(int=numbers.getrandbits(128), version=4)
    try:
        yield
    finally:
        uuid.uuid4 = genuine
