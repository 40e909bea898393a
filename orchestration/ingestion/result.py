"""What an ingest did, as values: the command line and the run show them."""

from dataclasses import dataclass

from orchestration.lake import Publication


@dataclass(frozen=True, kw_only=True)
class LoadResult:
    """One table of one load; `source_rows` = `landed` + `rejected`, always.

    Attributes:
        files: Files that landed.
        copies: Files left out because the same content is in the lake already.
        waiting: Files left for the next run because they may still grow.
        bytes: Size of the files that landed, as stored.
        load_id: What their rows carry in `_load_id`; empty when nothing landed.
    """

    source: str
    table: str
    files: int = 0
    copies: int = 0
    waiting: int = 0
    bytes: int = 0
    source_rows: int = 0
    landed: int = 0
    rejected: int = 0
    seconds: float = 0.0
    load_id: str = ""


@dataclass(frozen=True)
class IngestResult:
    """All loads of an ingest, and what it published: one publication a source."""

    loads: tuple[LoadResult, ...]
    publications: tuple[Publication, ...] = ()

    @property
    def publication(self) -> Publication | None:
        """The last publication; None when nothing was new."""
        return self.publications[-1] if self.publications else None
