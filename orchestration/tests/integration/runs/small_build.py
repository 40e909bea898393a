"""What tests of builds look at."""

from orchestration.build.artifacts import NodeResult
from orchestration.build.progress import Silent
from orchestration.lake import Lake
from orchestration.lake.session import connect
from orchestration.settings import Settings

UNIT_TEST = """
unit_tests:
  - name: amounts_stay_as_they_are
    model: fct_orders
    given: [{input: ref('stg_orders'), rows: [{order_id: 1, amount: 2.5}]}]
    expect: {rows: [{order_id: 1, amount: 2.5}]}
"""


def total(project: Settings, branch: str = "main") -> object:
    with connect(project, branch, read_only=True) as connection:
        query = "select orders, amount from marts.rpt_totals"
        return connection.execute(query).fetchall()[0]


def runs(lake: Lake) -> list[str]:
    return [b.name for b in lake.branches() if b.name.startswith("run_")]


class Recorder(Silent):
    def __init__(self) -> None:
        self.steps: list[str] = []
        self.nodes: dict[str, NodeResult] = {}

    def step(self, what: str) -> None:
        self.steps.append(what)

    def finished(self, node: NodeResult) -> None:
        self.nodes[node.name] = node
