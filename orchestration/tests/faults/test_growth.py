"""What publications leave behind stays bounded: files to open, metadata to read.

Seconds are `python -m orchestration.benchmarks.growth`'s; what decides them is counted
here.
"""

import json
from typing import Any

import pytest
from pyiceberg.table import TableProperties

from orchestration.benchmarks import growth
from orchestration.benchmarks.growth import MERGED, RAW, Growth, grown
from orchestration.lake.compact import MANY
from orchestration.tests.pages import fault, mutant

SECTION = "Growing state"
MANY_PUBLICATIONS = "a hundred publications, and a thousand by the benchmark"
FORMER_VERSIONS = TableProperties.METADATA_PREVIOUS_VERSIONS_MAX_DEFAULT
EARLY, LATE = MANY + 8, 100  # past the first joining


def metadata(of: Growth) -> dict[str, dict[str, Any]]:
    return {
        name: json.loads(file.read_text()) for name, file in of.metadata_files().items()
    }


def stays_bounded(early: Growth, late: Growth) -> None:
    """No more files than one joining leaves, and metadata as large as before."""
    files = late.live_files()
    # A merge's delete files count for each data file that they may concern.
    assert files[RAW] <= MANY + 2, files
    assert files[MERGED] <= MANY * MANY, files
    before, after = metadata(early), metadata(late)
    for name, held in after.items():
        # Iceberg's own bound, which it reaches later than the first joining.
        assert len(held.pop("metadata-log")) <= FORMER_VERSIONS
        del before[name]["metadata-log"]
        sizes = len(json.dumps(before[name])), len(json.dumps(held))
        assert sizes[1] <= growth.BOUND * sizes[0], (name, sizes)


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
