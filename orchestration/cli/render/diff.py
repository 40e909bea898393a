"""Differences of a branch as text."""

from collections.abc import Sequence

from orchestration.build.changed_rows import ChangedRows
from orchestration.build.explain import Explained
from orchestration.cli.render.table import cell, grid


def text(branch: str, changes: Sequence[Explained]) -> str:
    """A line a table, and below it what changed in its columns and layout."""
    if not changes:
        return f"{branch} changed nothing since its fork"
    header = ("table", "change", "rows before", "rows after", "difference")
    lines = grid(header, [_line(item) for item in changes]).splitlines()
    out = [lines[0]]
    for line, item in zip(lines[1:], changes, strict=True):
        out.append(line)
        out += [f"    {note}" for note in (*item.columns, *item.layout)]
    return "\n".join(out)


def rows_text(found: ChangedRows) -> str:
    """How many rows differ, then each with the values that do."""
    counts = f"{found.added:,} added, {found.changed:,} changed"
    lines = [f"{found.table}: {counts}, {found.removed:,} removed"]
    for row in found.rows:
        key = ", ".join(f"{name} {cell(value)}" for name, value in row["key"].items())
        lines.append(f"  {row['change']:<8} {key}")
        if row["change"] == "changed":
            lines += [
                f"             {name}: {cell(v['before'])} → {cell(v['after'])}"
                for name, v in row["columns"].items()
            ]
    total = found.added + found.changed + found.removed
    if total > len(found.rows):
        lines.append(f"  (the first {len(found.rows)}; --limit shows more)")
    return "\n".join(lines)


def _line(item: Explained) -> tuple[str, ...]:
    moved = ""
    if item.before is not None and item.after is not None:
        moved = f"{item.after - item.before:+,}"
    what = f"{item.change.change} view" if item.change.kind == "VIEW" else ""
    return (
        str(item.change.table),
        what or item.change.change,
        _count(item.before),
        _count(item.after),
        moved,
    )


def _count(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"
