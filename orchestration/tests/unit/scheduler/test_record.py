import os

import pytest

from orchestration.scheduler.environment import home
from orchestration.scheduler.record import Record
from orchestration.settings import Settings
from orchestration.tests.unit.scheduler.conftest import kept

ONE = Record(pid=1, port=8081)


def test_a_record_counts_while_its_process_holds_the_lock(settings: Settings) -> None:
    assert Record.of(settings) is None
    assert not settings.home.exists(), "who looks leaves nothing"
    with kept(settings, ONE):
        assert Record.of(settings) == ONE
    assert Record.of(settings) is None


def test_the_newest_one_counts_and_no_draft_stays(settings: Settings) -> None:
    with kept(settings, ONE):
        mine = Record(pid=os.getpid(), port=8082)
        mine.write(settings)
        assert Record.of(settings) == mine
    assert mine.url == "http://127.0.0.1:8082"
    names = {path.name for path in home(settings).iterdir()}
    assert names == {"firn.json", "firn.server"}


@pytest.mark.parametrize("text", ["", '{"pid": 1', "[1, 2]", '{"pid": 1}', "\udcff"])
def test_a_damaged_one_is_none(settings: Settings, text: str) -> None:
    with kept(settings, ONE):
        file = home(settings) / "firn.json"
        file.write_text(text, errors="surrogateescape")
        assert Record.of(settings) is None
