"""What clean-up found or did, as text and JSON."""

from typing import Any

from orchestration.lake.clean import Leftover, Plan
from orchestration.lake.garbage import File

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def as_dict(plan: Plan) -> dict[str, Any]:
    """For `--format json`."""
    return {
        "alone": plan.alone,
        "branches": list(plan.stale.branches),
        "publications": list(plan.stale.publications),
        "temporary_tables": [
            {"branch": one.branch, "table": str(one.table)} for one in plan.stale.tables
        ],
        "files": [_file(one) for one in plan.files],
        "leftovers": [_file(one) for one in plan.leftovers],
        "bytes": plan.bytes,
        "kept_as_damaged": [str(folder) for folder in plan.uncertain],
    }


def text(plan: Plan, *, dry_run: bool) -> str:
    """A line a kind of thing; the names of the few."""
    if plan.is_empty:
        lines = ["nothing to clean"]
    else:
        verb = "would go" if dry_run else "cleaned"
        lines = [f"{verb}: {size(plan.bytes)}", *_lines(plan)]
    if not plan.alone:
        lines.append(
            "the lake is in use: files younger than a day stay, as somebody may be "
            "writing them"
        )
    lines += [
        f"kept as a whole, since something in it is damaged (`firn verify`): {folder}"
        for folder in plan.uncertain
    ]
    if dry_run and not plan.is_empty:
        lines.append("nothing was changed; without --dry-run it goes")
    return "\n".join(lines)


def size(number: int) -> str:
    """`1.5 MiB`."""
    scaled, unit = float(number), 0
    while scaled >= 1024 and unit < len(_UNITS) - 1:
        scaled, unit = scaled / 1024, unit + 1
    return f"{scaled:.1f} {_UNITS[unit]}" if unit else f"{number} bytes"


def _lines(plan: Plan) -> list[str]:
    stale = plan.stale
    parts = [
        ("branches of runs", _named(stale.branches)),
        ("publications that stay in the log only", _range(stale.publications)),
        ("tables of builds that were killed", _named(map(str, _tables(plan)))),
        ("files that nothing leads to", _counted(plan.files)),
        ("logs of runs and errors", _counted(plan.leftovers)),
    ]
    return [f"  {what}: {which}" for what, which in parts if which]


def _file(one: File | Leftover) -> dict[str, Any]:
    return {"path": str(one.path), "bytes": one.bytes}


def _tables(plan: Plan) -> list[str]:
    return [f"{one.table} on {one.branch}" for one in plan.stale.tables]


def _named(names: Any) -> str:
    listed = list(names)
    more = f" and {len(listed) - 10} more" if len(listed) > 10 else ""
    return ", ".join(listed[:10]) + more


def _range(ids: tuple[int, ...]) -> str:
    if not ids:
        return ""
    return f"{ids[0]}" if len(ids) == 1 else f"{ids[0]} to {ids[-1]} ({len(ids)})"


def _counted(files: Any) -> str:
    total = sum(one.bytes for one in files)
    return f"{len(files)} ({size(total)})" if files else ""
