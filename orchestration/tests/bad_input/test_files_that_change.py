"""Files that change, vanish or break while they are read."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingestion import extract, files, load, rejects
from orchestration.ingestion.files import SourceFile
from orchestration.tests.bad_input.small_files import COLUMNS, ROW, csv, ids, named
from orchestration.tests.unit.ingestion.conftest import Place

Act = Callable[[Path], object]


def rewrite(path: Path) -> None:
    """New content of the same size, with the old time put back."""
    stat = path.stat()
    path.write_bytes(path.read_bytes().replace(b",n", b",z"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace(path: Path) -> None:
    other = path.with_name(".new")
    other.write_bytes(path.read_bytes().replace(b",n", b",z"))
    shutil.copystat(path, other)
    other.rename(path)


def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"99,late\n")


CHANGES: dict[str, Act] = {
    "rewritten, same size and time": rewrite,
    "replaced, same size and time": replace,
    "appended to": append,
    "truncated": lambda path: path.write_bytes(b""),
    "broken": lambda path: path.write_bytes(b'other\n"'),
}


def meanwhile(
    place: Place, monkeypatch: pytest.MonkeyPatch, when: str, act: Act
) -> Any:
    """Load three files, and let something happen to the second."""
    for number in (1, 2, 3):
        place.write(csv(number), f"{number}.csv")
    path = place.landing / "2.csv"
    done: list[bool] = []
    module, name = {
        "before it is opened": (load, "batches"),
        "before it is parsed": (load, "stage"),
        "before it is counted": (load, "scan"),
        "before it is judged": (load, "misfits"),
    }[when]
    original = getattr(module, name)

    def acting(*args: Any, **kwargs: Any) -> Any:
        if not done:
            done.append(True)
            act(path)
        return original(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, acting)
        return place.load(place.source(COLUMNS))


WHEN = [
    "before it is opened",
    "before it is parsed",
    "before it is counted",
    "before it is judged",
]


@named(
    "a file that changes while it is read", "accepted next time: left out, others land"
)
@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_read_waits(
    place: Place, monkeypatch: pytest.MonkeyPatch, when: str, change: str
) -> None:
    result = meanwhile(place, monkeypatch, when, CHANGES[change])
    assert (result.landed, result.waiting) == (2, 1)
    assert ids(place) == [1, 3]
    (place.landing / "2.csv").write_bytes(csv(2))
    assert place.load(place.source(COLUMNS)).landed == 1
    assert sorted(ids(place)) == [1, 2, 3]


def test_mutant_without_the_second_look_a_rewritten_file_lands(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SourceFile, "unchanged", lambda _: True)
    result = meanwhile(place, monkeypatch, "before it is judged", rewrite)
    assert result.landed == 3  # what was hashed is no longer what lies there


def test_mutant_without_the_kernels_time_a_rewrite_goes_unseen(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = files._Looker.__call__

    def blind(self: Any, path: Path) -> SourceFile | None:
        found = look(self, path)
        return found and files.SourceFile(
            path=found.path,
            shown=found.shown,
            size=found.size,
            modified_ns=found.modified_ns,
        )

    monkeypatch.setattr(files._Looker, "__call__", blind)
    result = meanwhile(place, monkeypatch, "before it is judged", rewrite)
    assert (result.landed, result.waiting) == (3, 0)


@named(
    "a file that vanishes while it is read", "accepted next time: left out, others land"
)
@pytest.mark.parametrize("when", WHEN)
def test_a_file_that_vanishes_is_left_out(
    place: Place, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    result = meanwhile(place, monkeypatch, when, Path.unlink)
    assert (result.landed, result.waiting) == (2, 1)
    assert ids(place) == [1, 3]
    assert place.load(place.source(COLUMNS)).waiting == 0


def test_every_file_may_vanish(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write(ROW, "1.csv")
    stage = extract.stage

    def gone(*args: Any) -> Any:
        (place.landing / "1.csv").unlink()
        return stage(*args)

    monkeypatch.setattr(load, "stage", gone)
    result = place.load(place.source(COLUMNS))
    assert (result.files, result.waiting) == (0, 1)


@named(
    "a file that is still being written",
    "accepted once it has been still for `settle_seconds`",
)
def test_a_file_waits_until_it_is_still(place: Place) -> None:
    place.write(ROW)
    source = place.source(COLUMNS, settle_seconds=60)
    assert place.load(source).waiting == 1
    past = time.time() - 61
    os.utime(place.landing / "rows.csv", (past, past))
    assert place.load(source).landed == 1


def test_mutant_without_settling_half_a_file_lands(place: Place) -> None:
    place.write(b"id,name\n1,half a na")
    assert place.load(place.source(COLUMNS, settle_seconds=0)).landed == 1


def test_a_file_that_breaks_while_it_is_judged_takes_no_other_with_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(csv(1), "1.csv")
    place.write(csv(2) + b"torn\n", "2.csv")  # which is why it is read once more
    judge = rejects.judge

    def broken(staged: Any, number: int, *rest: Any) -> Any:
        if staged.batch.files[number].path.name == "2.csv":
            (place.landing / "2.csv").write_bytes(b'id,name\n1,"never closes\n')
        return judge(staged, number, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(load, "judge", broken)
        result = place.load(place.source(COLUMNS, max_reject_share=1))
    assert (result.landed, result.copies, result.waiting) == (1, 0, 1)
    assert ids(place) == [1]
    assert place.rows("_source_file", table="loads") == [("landing/1.csv",)]
