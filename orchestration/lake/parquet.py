"""Whether a Parquet file is what its manifest says."""

from pathlib import Path

import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile, FileFormat


def fault_of(path: Path, entry: DataFile, *, decode: bool) -> str:
    """What is wrong with a file, in a few words; empty when nothing is.

    Args:
        decode: Read all of it, not only its footer.
    """
    if entry.file_format != FileFormat.PARQUET:
        return ""  # engines of ours write no other
    try:
        with pq.ParquetFile(  # type: ignore[no-untyped-call]
            path, page_checksum_verification=True
        ) as file:
            rows = file.metadata.num_rows
            if decode:
                rows = sum(batch.num_rows for batch in file.iter_batches())
    except Exception as error:  # noqa: BLE001 - bytes of any kind were decoded
        return f"is damaged ({type(error).__name__})"
    if rows != entry.record_count:
        return f"has {rows} rows instead of {entry.record_count}"
    return ""
