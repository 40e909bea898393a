"""From file names to tables: `shop/2026-01-02/orders_20260102.csv.gz` is `orders`."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orchestration.ingestion.schema import landed_name
from orchestration.ingestion.spec import Format

_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_PACKED = (".gz", ".zst")
# A day, a month, a moment or a running number, with what joins it to the name.
_DATE = re.compile(r"[-_.]?\d{4}[-_.]?\d{2}([-_.]?\d{2})?([-_.T]?\d{2,6})*Z?|[-_.]?\d+")


@dataclass(frozen=True)
class TableFiles:
    """The files that are one table, and the glob that finds them and later ones."""

    name: str
    glob: str
    format: Format
    files: tuple[Path, ...]


def tables_in(base: Path, files: Iterable[Path]) -> list[TableFiles]:
    """Group files by what their names have in common; other files are left out."""
    groups: dict[tuple[str, Format], list[Path]] = defaultdict(list)
    for file in sorted(files):
        relative = PurePosixPath(file.relative_to(base).as_posix())
        if format_ := format_of(relative):
            groups[_table_name(relative), format_].append(file)
    tables = []
    for (name, format_), members in groups.items():
        globs = {_glob(file.relative_to(base).as_posix()) for file in members}
        glob = globs.pop() if len(globs) == 1 else _common(globs)
        tables.append(TableFiles(name, glob, format_, tuple(members)))
    return tables


def format_of(path: PurePosixPath) -> Format | None:
    """Told from the last name endings; None for what is no data."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return _FORMATS.get(suffixes[-1]) if suffixes else None


def singular(name: str) -> str:
    """A table's noun: `order_items` becomes `order_item`."""
    for ending, replacement in (("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("s", "")):
        if name.endswith(ending) and len(name) > len(ending):
            return name.removesuffix(ending) + replacement
    return name


def _table_name(path: PurePosixPath) -> str:
    for part in (path.name, *(parent.name for parent in path.parents)):
        stem = part
        while PurePosixPath(stem).suffix.lower() in (*_FORMATS, *_PACKED):
            stem = PurePosixPath(stem).stem
        key = stem.rpartition("=")[2]  # a folder such as `day=2026-01-02`
        name = re.sub(r"_+", "_", landed_name(_DATE.sub("", key)))
        if key and _DATE.sub("", key).strip("-_. ") and name[0].isalpha():
            return name
    return "rows"


def _glob(relative: str) -> str:
    *folders, name = relative.split("/")
    places = ["*" if _DATE.search(folder) else _literal(folder) for folder in folders]
    stem, dot, ending = name.partition(".")
    ending = re.sub(r"(\.(gz|zst))+$", "*", dot + ending)
    # `[0-9]*` and not `*`: orders_*.csv would find order files and orders_items.csv.
    stem = "[0-9]*".join(map(_literal, re.split(r"\d[\d_.TZ-]*", stem, maxsplit=1)))
    return "/".join([*places, stem + ending])


def _common(globs: Iterable[str]) -> str:
    """One glob for several, as wide as it must be."""
    known = sorted(globs)
    packed = {glob.removesuffix("*") for glob in known}
    if len(packed) == 1:
        return f"{packed.pop()}*"
    names = {glob.rpartition("/")[2].removesuffix("*") for glob in known}
    stems = {name.partition(".")[0] for name in names}
    name = names.pop() if len(names) == 1 else f"{min(stems, key=len)}*"
    return f"**/{name}"


def _literal(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)
