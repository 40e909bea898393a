"""What publications leave behind stays bounded: files to open, metadata to read.

Seconds are `python -m orchestration.benchmarks.growth`'s; what decides them is counted
here.
"""

import json
import re

import pytest
from pyiceberg.table import TableProperties

from orchestration.benchmarks import growth
from orchestration.benchmarks.growth import MERGED, RAW, REPLACED, Growth, grown
from orchestration.lake import process
from orchestration.lake.catalog import history
from orchestration.lake.compact import MANY
from orchestration.lake.session import rest_catalog
from orchestration.lake.sums import seal
from orchestration.tests.pages import fault, mutant

SECTION = "Growing state"
MANY_PUBLICATIONS = "a hundred publications, and a thousand by the benchmark"
FORMER_VERSIONS = TableProperties.METADATA_PREVIOUS_VERSIONS_MAX_DEFAULT
EARLY, LATE = MANY + 8, 100  # past the first joining


def metadata_bytes(of: Growth) -> dict[str, int]:
    """Without the log of former versions, whose bound is met later than `EARLY`."""
    sizes = {}
    for name, file in of.metadata_files().items():
        metadata = json.loads(file.read_text())
        assert len(metadata.pop("metadata-log")) <= FORMER_VERSIONS
        sizes[name] = len(json.dumps(metadata))
    return sizes


def stays_bounded(early: Growth, late: Growth) -> None:
    """No more files than one joining leaves, and metadata as large as before."""
    files = late.live_files()
    # A merge's delete files count for each data file that they may concern.
    assert files[RAW] <= MANY + 2, files
    assert files[MERGED] <= MANY * MANY, files
    before = metadata_bytes(early)
    for name, size in metadata_bytes(late).items():
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


@mutant(MANY_PUBLICATIONS, guard="a commit drops all but the newest snapshots")
@pytest.mark.full
def test_with_all_snapshots_metadata_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = Growth.prepare

    def keeping_all(self: Growth) -> None:
        prepare(self)
        self.lake.create_branch("all")
        catalog = rest_catalog(process.ensure_catalog(self.settings), "all")
        for name in (RAW, MERGED, REPLACED):
            with catalog.load_table(name).transaction() as change:
                change.set_properties({history.PROPERTY: str(10 * LATE)})
        seal(self.lake, "all")
        self.lake.publish("all", growth.ME)

    monkeypatch.setattr(Growth, "prepare", keeping_all)
    with (
        grown(EARLY) as early,
        grown(LATE) as late,
        pytest.raises(AssertionError, match=re.escape(f"('{RAW}', ")),
    ):
        stays_bounded(early, late)
