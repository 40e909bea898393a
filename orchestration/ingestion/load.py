"""One load of one source, on a branch: every table's new files, batch by batch."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import duckdb

from orchestration.errors import GateError
from orchestration.failpoints import reach
from orchestration.ingestion import land
from orchestration.ingestion.counting import scan
from orchestration.ingestion.extract import Staged, reject_nul, stage
from orchestration.ingestion.files import Found, SourceFile
from orchestration.ingestion.ledger import COLUMNS, Entry, Ledger
from orchestration.ingestion.records import Scan
from orchestration.ingestion.rejects import Judged, judge, misfits
from orchestration.ingestion.result import LoadResult
from orchestration.ingestion.schema import Batch, batches
from orchestration.ingestion.shapes import dialect_of
from orchestration.ingestion.spec import Source, Table
from orchestration.ingestion.unpack import scratch_of, unpacked

Progress = Callable[[LoadResult], None]
_LINES = ("csv", "jsonl")


@dataclass
class SourceLoad:
    """What a load of one source needs at every step; `entries` grows as files land."""

    con: duckdb.DuckDBPyConnection
    source: Source
    load: land.Load
    ledger: Ledger
    entries: list[Entry] = field(default_factory=list)

    def run(self, found: dict[str, Found], progress: Progress) -> list[LoadResult]:
        """Land what `found` lists, table by table, then the ledger of it.

        Raises:
            GateError: A file cannot be read, columns do not fit, rows do not add up, or
                too many are rejected.
        """
        unknown = {
            table.name: self._unknown(table, found) for table in self.source.tables
        }
        plans = {
            table.name: list(batches(unknown[table.name], self.source, table))
            for table in self.source.tables
        }
        results = []
        for table in self.source.tables:
            plan = plans[table.name]
            # Files that changed while their header was read are in no batch.
            left = len(unknown[table.name]) - sum(len(batch.files) for batch in plan)
            waiting = len(found[table.name].waiting) + left
            result = self._table(table, plan, waiting)
            progress(result)
            results.append(result)
        if self.entries:
            name = land.relation(self.source, "loads")
            land.prepare(self.con, name, COLUMNS)
            land.write_ledger(self.con, name, self.entries, self.load)
            reach("ingest.ledger-written")
        return results

    def _unknown(self, table: Table, found: dict[str, Found]) -> list[SourceFile]:
        ready = found[table.name].ready
        return [file for file in ready if not self.ledger.knows_place(table.name, file)]

    def _table(self, table: Table, plan: Sequence[Batch], waiting: int) -> LoadResult:
        started = time.perf_counter()
        result = LoadResult(source=self.source.name, table=table.name, waiting=waiting)
        for batch in plan:
            result = self._batch(batch, result)
        seconds = time.perf_counter() - started
        load_id = self.load.id if result.files else ""
        return replace(result, seconds=seconds, load_id=load_id)

    def _batch(self, batch: Batch, result: LoadResult) -> LoadResult:
        """Land a batch; without the files that change while it is read.

        What is wrong with a file that changed is not worth a word: it is read again by
        the next ingest, and the rest of the batch now.
        """
        try:
            with unpacked(
                batch.files, self.source, batch.table, scratch_of(self.con)
            ) as files:
                return self._read(replace(batch, files=files), result)
        except GateError:
            steady = tuple(file for file in batch.files if file.unchanged())
            if len(steady) == len(batch.files):
                raise
            left = result.waiting + len(batch.files) - len(steady)
            result = replace(result, waiting=left)
            rest = replace(batch, files=steady)
            return self._batch(rest, result) if steady else result

    def _read(self, batch: Batch, result: LoadResult) -> LoadResult:
        started_at = utc_now()
        # Two readings that know nothing of each other: ours hashes and counts, DuckDB
        # parses. They run at the same time, over the same pages of the file cache.
        with ThreadPoolExecutor(max_workers=1) as pool:
            scans = [
                pool.submit(scan, file, self.source, batch.table)
                for file in batch.files
            ]
            staged = stage(self.con, self.source, batch)
        if self.source.format_of(batch.table) == "csv":
            if _differ(staged, scans):
                staged = stage(self.con, self.source, batch, parallel=False)
            staged = reject_nul(self.con, staged, _with_nul(scans))
        reach("ingest.staged")
        found = [future.result() for future in scans]
        return self._account(staged, found, started_at, result)

    def _account(
        self,
        staged: Staged,
        scans: Sequence[Scan],
        started_at: datetime,
        result: LoadResult,
    ) -> LoadResult:
        batch = staged.batch
        bad = misfits(self.con, staged)
        has_lines = self.source.format_of(batch.table) in _LINES
        dialect = dialect_of(self.source, batch.table) if has_lines else None
        judged: dict[int, Judged] = {}
        entries: dict[str, Entry] = {}
        for number, (file, found) in enumerate(zip(batch.files, scans, strict=True)):
            known = self.ledger.knows_content(batch.table.name, found.sha256)
            if known or found.sha256 in entries:
                result = replace(result, copies=result.copies + 1)
                continue
            verdict = judge(staged, number, found, bad.get(number, {}), dialect)
            # All that reads the file has read it: was it one and the same file?
            if not file.unchanged():
                result = replace(result, waiting=result.waiting + 1)
                continue
            judged[number] = verdict
            entries[found.sha256] = _entry(batch, file, found, verdict, started_at)
            result = _counted(result, file, verdict)
        self._write(staged, judged)
        # Not before the rows: what is known is not read again, even if this batch is.
        for entry in entries.values():
            self.entries.append(entry)
            self.ledger.add(entry)
        return result

    def _write(self, staged: Staged, judged: dict[int, Judged]) -> None:
        if not judged:
            return
        name = land.relation(self.source, staged.batch.table.name)
        columns = land.columns_of(staged.batch.fields)
        land.prepare(self.con, name, columns, partition=land.PARTITION)
        land.write_rows(self.con, name, staged, judged, self.load)
        reach("ingest.rows-written")
        rejects = land.relation(self.source, "rejects")
        land.prepare(self.con, rejects, land.REJECT_COLUMNS)
        land.write_rejects(self.con, rejects, staged, judged, self.load)
        reach("ingest.rejects-written")


def _differ(staged: Staged, scans: Sequence[Future[Scan]]) -> bool:
    """Whether DuckDB found other rows than we did; what failed is judged later."""
    return any(
        scan.exception() is None and scan.result().rows != staged.accounted(number)
        for number, scan in enumerate(scans)
    )


def _with_nul(scans: Sequence[Future[Scan]]) -> list[int]:
    """The numbers of files that hold NUL bytes; what failed is judged later."""
    return [
        number
        for number, scan in enumerate(scans)
        if scan.exception() is None and scan.result().has_nul
    ]


def _entry(
    batch: Batch, file: SourceFile, scanned: Scan, judged: Judged, started_at: datetime
) -> Entry:
    return Entry(
        table=batch.table.name,
        file=file,
        sha256=scanned.sha256,
        source_rows=judged.source_rows,
        landed=judged.landed,
        rejected=len(judged.rejects),
        started_at=started_at,
        finished_at=utc_now(),
    )


def utc_now() -> datetime:
    """Now in UTC, as the raw tables store it: without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def _counted(result: LoadResult, file: SourceFile, judged: Judged) -> LoadResult:
    return replace(
        result,
        files=result.files + 1,
        bytes=result.bytes + file.size,
        source_rows=result.source_rows + judged.source_rows,
        landed=result.landed + judged.landed,
        rejected=result.rejected + len(judged.rejects),
    )
