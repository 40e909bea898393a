"""What publications leave behind stays bounded: files to open, metadata to read.

Seconds are `python -m orchestration.benchmarks.growth`'s; what decides them is counted
here.
"""

import pytest

from orchestration.benchmarks import growth
from orchestration.benchmarks.growth import MERGED, RAW, Growth, grown
from orchestration.lake.compact import MANY
from orchestration.tests.pages import fault, mutant

SECTION = "Growing state"
MANY_PUBLICATIONS = "a hundred publications, and a thousand by the benchmark"
EARLY, LATE = MANY + 8, 100  # past the first joining


def stays_bounded(early: Growth, late: Growth) -> None:
    """No more files than one joining leaves, and metadata as large as before."""
    files, sizes, before = (
        late.live_files(),
        late.metadata_bytes(),
        early.metadata_bytes(),
    )
    # A merge's delete files count for each data file that they may concern.
    assert files[RAW] <= MANY + 2, files
    assert files[MERGED] <= MANY * MANY, files
    for name, size in sizes.items():
        assert size <= growth.BOUND * before[name], (name, size, before[name])


@fault(
    SECTION,
    MANY_PUBLICATIONS,
    seen="nothing: small files are joined on the branch, before it is published",
)
@pytest.mark.full
def test_what_many_publications_leave_is_bounded() -> None:
    with grown(EARLY) as early, grown(LATE) as late:
        stays_bounded(early, late)


@mutant(MANY_PUBLICATIONS, guard="small files are joined before a publish")
@pytest.mark.full
def test_without_joining_every_publication_stays_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(growth, "tidy", lambda *_: [])
    with grown(MANY + 8) as late, pytest.raises(AssertionError):
        stays_bounded(late, late)
