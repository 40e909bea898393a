"""The independent count of a file's rows, and its hash; runs beside DuckDB's parse."""

import json

import pyarrow.parquet as pq

from orchestration.ingestion.files import SourceFile, open_content
from orchestration.ingestion.records import Scan, scan_bytes, scan_text
from orchestration.ingestion.shapes import dialect_of
from orchestration.ingestion.spec import Source, Table
from orchestration.ingestion.unpack import broken


def scan(file: SourceFile, source: Source, table: Table) -> Scan:
    """Hash a file's decompressed content and count its rows without DuckDB.

    Raises:
        GateError: A JSON document is broken, or a compressed file ends too early.
    """
    try:
        match source.format_of(table):
            case "parquet":
                footer = pq.ParquetFile(file.path).metadata  # type: ignore[no-untyped-call]
                return Scan(scan_bytes(file), footer.num_rows)
            case "json":
                return Scan(scan_bytes(file), _json_rows(file))
            case _:
                return scan_text(file, dialect_of(source, table))
    except (ValueError, EOFError, OSError) as error:
        raise broken(file, str(error)) from error


def _json_rows(file: SourceFile) -> int:
    with open_content(file) as stream:
        text = stream.read()
    if not text.strip():
        return 0
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        # Several documents in one file: DuckDB reads them, so count them too.
        return _json_documents(text.decode("utf-8", "replace"))
    return len(document) if isinstance(document, list) else 1


def _json_documents(text: str) -> int:
    decoder = json.JSONDecoder()
    count = position = 0
    while text[position:].strip():
        position += len(text[position:]) - len(text[position:].lstrip())
        _, position = decoder.raw_decode(text, position)
        count += 1
    return count
