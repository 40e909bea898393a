"""Tell what a file really is from its first bytes, where that is not its format.

Names promise anything, and a zip that is read as CSV would be a heap of rejects. The
magic numbers are those of the formats' own specifications.
"""

import re

from orchestration.errors import GateError
from orchestration.ingestion.files import SourceFile
from orchestration.ingestion.spec import Format

_UNPACK = "Unpack it, or pack it with gzip or zstd."
_PACKED_PARQUET = "Unpack it: Parquet is compressed inside."
_TEXT = ("csv", "json", "jsonl")
_JSON = ("json", "jsonl")
_ALL = (*_TEXT, "parquet")
# How a file begins, what it is then, for which formats that is wrong, and the remedy.
_KINDS: tuple[tuple[re.Pattern[bytes], str, tuple[str, ...], str], ...] = tuple(
    (re.compile(head, re.DOTALL), what, wrong, remedy)
    for head, what, wrong, remedy in (
        (rb"PK(\x03\x04|\x05\x06)", "a zip archive", _ALL, _UNPACK),
        (rb"\xfd7zXZ\x00", "packed with xz", _ALL, _UNPACK),
        (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _ALL, _UNPACK),
        (rb"\x04\x22\x4d\x18", "packed with lz4", _ALL, _UNPACK),
        (rb"Rar!\x1a\x07", "a rar archive", _ALL, _UNPACK),
        (rb"BZh\d1AY&SY", "packed with bzip2", _ALL, _UNPACK),
        (rb"\x1f\x8b", "packed with gzip", ("parquet",), _PACKED_PARQUET),
        (rb"\x28\xb5\x2f\xfd", "packed with zstd", ("parquet",), _PACKED_PARQUET),
        (rb"PARE", "encrypted", ("parquet",), "Ask for it without encryption."),
        (
            rb"PAR1[\x15\x16]",  # then a page's header, in Thrift
            "a Parquet file",
            _TEXT,
            "Say `format: parquet` in the spec, or move it away.",
        ),
        (
            rb"\xff\xfe|\xfe\xff|\x00[{\[]|[{\[]\x00",
            "UTF-16 or UTF-32 text",
            _JSON,
            "JSON is UTF-8: ask for the file again.",
        ),
    )
)


def check_kind(file: SourceFile, format_: Format) -> None:
    """Refuse a file that is plainly not what its spec says.

    Raises:
        GateError: It is an archive, encrypted, another format, or cannot be read.
    """
    try:
        head = file.head()
    except OSError as error:
        raise GateError(
            f"it cannot be opened ({error.strerror}), nothing of this source was "
            "published",
            where=file.shown,
            remedy="Give the user of Firn the right to read it, or move it away.",
        ) from error
    for magic, what, wrong, remedy in _KINDS:
        if format_ in wrong and magic.match(head):
            raise GateError(
                f"it is {what}, nothing of this source was published",
                where=file.shown,
                remedy=remedy,
            )
