"""Which files of a source wait to be landed, asked without an engine.

A file that was landed from its place, and not touched since, is known by the ledger on
`main`. One whose content is known under another name still counts as waiting: an ingest
finds that out, and lands nothing.
"""

from contextlib import closing

from orchestration.ingestion.files import SourceFile, discover
from orchestration.ingestion.land import RAW
from orchestration.ingestion.ledger import Ledger
from orchestration.ingestion.spec import Source
from orchestration.lake import Lake, TableId
from orchestration.settings import MAIN, Settings

_PLACE = ("table_name", "_source_file", "size_bytes", "modified_ns")


def pending(settings: Settings, source: Source) -> list[SourceFile]:
    """Files that are complete and not landed yet.

    Raises:
        FirnError: As `discover` does, and where the lake cannot be opened.
    """
    known = _ledger(settings, source)
    return [
        file
        for table in source.tables
        for file in discover(settings, source, table).ready
        if not known.knows_place(table.name, file)
    ]


def _ledger(settings: Settings, source: Source) -> Ledger:
    loads = TableId(RAW, source.raw_name("loads"))
    with closing(Lake.open(settings)) as lake:
        if loads not in lake.pointers(MAIN):
            return Ledger()
        rows = lake.load(MAIN, loads).scan(selected_fields=_PLACE).to_arrow()
    columns = (rows.column(name).to_pylist() for name in _PLACE)
    return Ledger(places=set(zip(*columns, strict=True)))
