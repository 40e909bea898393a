"""Links and patterns that lead out of a source's folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.errors import GateError, SpecError
from orchestration.ingestion import files
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.bad_input.small_files import COLUMNS, ROW, named
from orchestration.tests.unit.ingestion.conftest import Place


def outside(place: Place) -> Path:
    folder = place.settings.project_dir / "elsewhere"
    folder.mkdir(exist_ok=True)
    (folder / "secret.csv").write_bytes(ROW)
    return folder


def link_twice(place: Place) -> None:
    (place.landing / ".hidden").symlink_to(outside(place))
    (place.landing / "a.csv").symlink_to(".hidden/secret.csv")


OUT: dict[str, Callable[[Place], object]] = {
    "a link to a file outside": lambda place: (place.landing / "a.csv").symlink_to(
        outside(place) / "secret.csv"
    ),
    "a link through ..": lambda place: (place.landing / "a.csv").symlink_to(
        Path("../elsewhere/secret.csv") if outside(place) else ""
    ),
    "a linked folder": lambda place: (place.landing / "sub").symlink_to(outside(place)),
    "a link to a link": link_twice,
}


@pytest.mark.parametrize(
    "lead_out",
    [
        pytest.param(act, id=name, marks=named(name, "refused file: it leads out"))
        for name, act in OUT.items()
    ],
)
def test_what_leads_out_of_the_folder_is_refused(
    place: Place, lead_out: Callable[[Place], object]
) -> None:
    lead_out(place)
    with pytest.raises(GateError, match="leads out of the source's folder"):
        place.load(place.source(COLUMNS, table_files="**/*.csv"))


def test_mutant_without_the_look_where_it_leads_a_foreign_file_lands(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files._Looker, "_is_within", lambda *_: True)
    OUT["a link to a file outside"](place)
    assert place.load(place.source(COLUMNS)).landed == 1


@named(
    "`..` or an absolute path in `files`",
    "refused run: the spec says so, with its line",
)
@pytest.mark.parametrize("pattern", ["../*.csv", "a/../../x", "/etc/passwd", ""])
def test_a_pattern_stays_within_its_folder(landing: Landing, pattern: str) -> None:
    outcome = landing({"columns": COLUMNS, "files": pattern}, {"a.csv": ROW})
    assert isinstance(outcome.error, SpecError)
    assert ".yml:" in outcome.error.where
    assert "glob within `path`" in outcome.refusal


@named(
    "a link within the folder, a folder that is a link itself", "accepted: landed once"
)
def test_links_that_stay_inside_are_files(place: Place) -> None:
    real = place.landing.rename(place.landing.parent / "real")
    place.landing.symlink_to(real)
    place.write(ROW, "a.csv")
    (place.landing / "b.csv").symlink_to("a.csv")
    result = place.load(place.source(COLUMNS))
    assert (result.landed, result.copies) == (1, 1)
