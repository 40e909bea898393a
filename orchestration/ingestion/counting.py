"""The independent count of a file's rows, and its hash; runs beside DuckDB's parse."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.ingestion.files import SourceFile, open_content
from orchestration.ingestion.records import Scan, scan_bytes, scan_text
from orchestration.ingestion.shapes import dialect_of
from orchestration.ingestion.spec import Source, Table
from orchestration.ingestion.unpack import broken

# It has to be taken apart in memory, into Python's objects.
_LONGEST_DOCUMENT = 256 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_PAGE_WITH_CHECKSUM = re.compile(
    rb"PAR1(\x15[\x80-\xff]*[\x00-\x7f]){3}\x15", re.DOTALL
)
# Numbers are only counted; Python refuses to make one of 4,301 digits.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def scan(file: SourceFile, source: Source, table: Table) -> Scan:
    """Hash a file's decompressed content and count its rows without DuckDB.

    Raises:
        GateError: A JSON document is broken, or a compressed file ends too early.
    """
    try:
        match source.format_of(table):
            case "parquet":
                return Scan(scan_bytes(file), _parquet_rows(file))
            case "json":
                return Scan(scan_bytes(file), _json_rows(file))
            case _:
                return scan_text(file, dialect_of(source, table))
    except (ValueError, EOFError, OSError, pa.lib.ArrowException) as error:
        raise broken(file, str(error)) from error


def _parquet_rows(file: SourceFile) -> int:
    """The rows that the footer tells; pages that have a checksum are held against it.

    DuckDB does not look at checksums. To do so, the pages have to be decoded here, too.
    """
    checked = _has_checksums(file)
    with pq.ParquetFile(  # type: ignore[no-untyped-call]
        file.path, page_checksum_verification=checked
    ) as parquet:
        if checked:
            for _ in parquet.iter_batches():
                pass
        return int(parquet.metadata.num_rows)


def _has_checksums(file: SourceFile) -> bool:
    """Whether the first page has one: it is the fourth field of the page's header.

    Before it are three whole numbers in Thrift's compact protocol
    (https://parquet.apache.org/docs/file-format/data-pages/).
    """
    return _PAGE_WITH_CHECKSUM.match(file.head()) is not None


def _json_rows(file: SourceFile) -> int:
    if file.readable.stat().st_size > _LONGEST_DOCUMENT:
        raise ValueError(
            f"a JSON document of more than {_LONGEST_DOCUMENT >> 20} MiB; "
            "JSON lines may be of any size"
        )
    with open_content(file) as stream:
        text = stream.read().decode()
    try:
        return _json_documents(text)
    except RecursionError as error:
        raise ValueError("its values are nested too deep") from error


def _json_documents(text: str) -> int:
    """The items of one array; where several documents follow each other, those."""
    count, position = 0, _after_space(text, 0)
    document: object = None
    while position < len(text):
        document, position = _DECODER.raw_decode(text, position)
        position = _after_space(text, position)
        count += 1
    return len(document) if count == 1 and isinstance(document, list) else count


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
