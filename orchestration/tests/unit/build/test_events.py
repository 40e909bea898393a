"""What a build tells other processes, line by line."""

from contextlib import closing
from pathlib import Path

from orchestration.build.artifacts import NodeResult, SourceAge
from orchestration.build.events import FILE, EventLog, EventReader

ORDERS = NodeResult(
    id="model.shop.fct_orders", kind="model", status="success", seconds=1
)


def test_a_reader_is_told_each_event_once(tmp_path: Path) -> None:
    reader = EventReader(tmp_path)
    assert list(reader.read()) == []
    with closing(EventLog(tmp_path)) as log:
        log.began(1)
        log.started(ORDERS.id)
        assert [event.what for event in reader.read()] == ["began", "started"]
        log.finished(ORDERS)
        log.complete()
    events = list(reader.read())
    assert [event.number for event in events] == [3, 4]
    assert events[0].node == ORDERS
    assert list(reader.read()) == []


def test_half_a_line_is_left_for_later(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path)) as log:
        log.finished(ORDERS)
    path = tmp_path / FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    reader = EventReader(tmp_path)
    assert list(reader.read()) == []
    path.write_bytes(whole)
    assert [event.node for event in reader.read()] == [ORDERS]


def test_what_dbt_has_not_spoken_of_is_told_at_the_end(tmp_path: Path) -> None:
    skipped = NodeResult(id="model.shop.b", kind="model", status="skipped", seconds=0)
    with closing(EventLog(tmp_path)) as log:
        log.finished(ORDERS)
        log.tell([ORDERS, skipped])
    told = [event.node for event in EventReader(tmp_path).read()]
    assert told == [ORDERS, skipped]


def test_what_a_kill_has_cut_off_is_passed_over(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path)) as log:
        log.began(1)
        log.finished(ORDERS)
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-5])
    with closing(EventLog(tmp_path)) as log:
        log.began(2)
    told = [(event.number, event.what) for event in EventReader(tmp_path).read()]
    assert told == [(1, "began"), (3, "began")]


def test_a_source_is_a_node_too_and_is_told_once(tmp_path: Path) -> None:
    asked = NodeResult(
        id="source.shop.raw.orders", kind="source", status="error", seconds=1
    )
    with closing(EventLog(tmp_path)) as log:
        log.finished(asked)  # dbt says so, and not how old it is
        log.sources([SourceAge(id="source.shop.raw.orders", status="error")])
    [event] = EventReader(tmp_path).read()
    assert event.node is not None
    assert (event.node.id, event.node.outcome) == ("source.shop.raw.orders", "failed")
