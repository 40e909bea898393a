"""Content lands once, under whatever name and however often it lies there."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from orchestration.ingestion.ledger import Ledger
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.bad_input.small_files import COLUMNS, ROW, csv, ids, named
from orchestration.tests.unit.ingestion.conftest import Place


@named("the same file twice, a renamed copy, a moved file", "accepted: landed once")
def test_content_lands_once_under_whatever_name(landing: Landing) -> None:
    spec = {"columns": COLUMNS, "files": "**/*.csv", "name": "copies"}
    assert len(landing(spec, {"a.csv": ROW, "b.csv": ROW}).rows) == 1
    folder = landing.folder("copies")
    (folder / "a.csv").rename(folder / "renamed.csv")
    (folder / "sub").mkdir()
    (folder / "b.csv").rename(folder / "sub" / "moved.csv")
    outcome = landing(spec, {"copy.csv": ROW})
    assert outcome.result is not None
    assert (outcome.result.landed, outcome.result.copies) == (0, 3)


def test_mutant_without_hashes_a_copy_lands_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "knows_content", lambda *_: False)
    place.write(ROW, "a.csv")
    place.load(place.source(COLUMNS))
    place.write(ROW, "b.csv")
    assert place.load(place.source(COLUMNS)).landed == 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("drop"), st.integers(0, 3), st.integers(0, 4)),
        st.tuples(st.just("rename"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("copy"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("remove"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("touch"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("ingest"), st.just(0), st.just(0)),
    ),
    max_size=14,
)


@configured(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(steps=STEPS)
def test_whatever_is_done_to_files_each_content_lands_once(
    place: Place, steps: list[tuple[str, int, int]]
) -> None:
    place.con.execute("drop schema if exists lake.raw cascade")
    shutil.rmtree(place.landing)
    place.landing.mkdir()
    source = place.source(COLUMNS)
    landed: set[int] = set()
    content: dict[int, int] = {}
    for moment, (verb, one, other) in enumerate([*steps, ("ingest", 0, 0)]):
        path = place.landing / f"{one}.csv"
        if verb == "drop":
            path.write_bytes(csv(other))
            content[one] = other
        elif verb == "ingest":
            place.load(source)
            landed |= set(content.values())
            assert sorted(ids(place) if landed else []) == sorted(landed)
        elif path.exists():
            act(verb, path, place.landing / f"{other}.csv")
            content = after(verb, content, one, other)
        if path.exists() and verb in ("drop", "touch"):
            os.utime(path, (moment, moment))  # as if time had passed


def act(verb: str, path: Path, other: Path) -> None:
    if verb == "rename":
        path.rename(other)
    elif verb == "copy" and path != other:
        shutil.copy(path, other)
    elif verb == "remove":
        path.unlink()


def after(verb: str, content: dict[int, int], one: int, other: int) -> dict[int, int]:
    found = dict(content)
    if verb in ("rename", "copy"):
        found[other] = found[one]
    if verb == "remove" or (verb == "rename" and one != other):
        del found[one]
    return found
