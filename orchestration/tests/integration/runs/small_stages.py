"""What tests of stages do to a project, and look at."""

from contextlib import closing

from orchestration.build.events import EventReader
from orchestration.lake import Lake, Provenance
from orchestration.lake.session import connect
from orchestration.settings import Settings

BRANCH = "run_build_1"


def names(lake: Lake) -> list[str]:
    return [branch.name for branch in lake.branches()]


def told(project: Settings, *, since: int = 0) -> list[str]:
    """The nodes that the run's events tell of, without sources."""
    events = EventReader(project.log_dir / BRANCH).read()
    nodes = [event.node for event in events if event.number > since and event.node]
    return sorted(node.name for node in nodes if node.kind != "source")


def last(project: Settings) -> int:
    return max(one.number for one in EventReader(project.log_dir / BRANCH).read())


def select(name: str) -> list[str]:
    return [f"fqn:firn.{name}"]


def make_a_mart(project: Settings, lake: Lake, branch: str = "made") -> None:
    """`main` has three orders in a mart, and no build has made them."""
    lake.create_branch(branch)
    with closing(connect(project, branch)) as connection:
        connection.execute("create schema lake.marts")
        connection.execute(
            "create table lake.marts.fct_orders as "
            "select i::integer as order_id, 1.0::double as amount from range(3) t(i)"
        )
    lake.publish(branch, Provenance(who="tester"))
    lake.drop_branch(branch)
