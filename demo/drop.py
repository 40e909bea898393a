"""Drop the next export of the example shop where its source expects files.

`python -m demo.drop` writes `${FIRN_LANDING:-landing}/ecom/<day>/<table>.csv`: two
years of history on the first call, one more day on each later one, until none is left.
"""

import csv
import os
import shutil
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from demo.exports import daily_exports
from demo.shop import Row, Tables, simulate

SOURCE = "ecom"
HISTORY_END = date(2020, 8, 31)
HISTORY_DAYS = 731  # from jafgen's first day, 2018-09-01
SPARE_DAYS = 60


def drop(landing: Path) -> Path | None:
    """Put the next folder in place by one rename; None when no day is left.

    The folders that are still to come wait in `landing/.demo`, written by the first
    call, so that a later one costs nothing.
    """
    waiting = landing / ".demo"
    if not waiting.exists():
        _prepare(waiting, already=landing / SOURCE)
    for folder in sorted(waiting.iterdir()):
        target = landing / SOURCE / folder.name
        target.parent.mkdir(parents=True, exist_ok=True)
        return folder.rename(target)
    return None


def _prepare(waiting: Path, *, already: Path) -> None:
    unfinished = waiting.with_name(f"{waiting.name}-{os.getpid()}")
    shop = simulate(HISTORY_DAYS + SPARE_DAYS)
    for day, tables in daily_exports(shop, history_end=HISTORY_END):
        if not (already / str(day)).exists():
            _write_folder(unfinished / str(day), tables)
    unfinished.mkdir(parents=True, exist_ok=True)
    try:
        unfinished.rename(waiting)
    except OSError:  # another call was first, with the same folders
        shutil.rmtree(unfinished)


def _write_folder(folder: Path, tables: Tables) -> None:
    folder.mkdir(parents=True)
    for table, rows in tables.items():
        if rows:
            _write_csv(folder / f"{table}.csv", rows)


def _write_csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Drop once, and say what was dropped or that nothing is left."""
    folder = drop(Path(environ.get("FIRN_LANDING") or "landing"))
    if folder is None:
        print("No day is left. Delete the landing folder and .firn to start again.")
    else:
        print(f"Dropped {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
