"""What `firn verify` found, as text and JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.cli.render.clean import size
from orchestration.lake.model import TableId
from orchestration.lake.verify import Damage, Report

Fixes = Mapping[TableId, tuple[str, ...]]
_SHOWN = 6


def as_dict(report: Report, fixes: Fixes) -> dict[str, Any]:
    """For `--format json`."""
    return {
        "whole": report.is_whole,
        "deep": report.deep,
        "tables": report.tables,
        "files": report.files,
        "bytes": report.bytes,
        "files_without_checksum": report.unsummed,
        "damaged": [
            {
                "file": one.location,
                "role": one.role,
                "reason": one.reason,
                "needed_by": [
                    {
                        "table": str(need.table),
                        "snapshot": need.snapshot,
                        "holder": need.holder or "history",
                    }
                    for need in one.needs
                ],
            }
            for one in report.damages
        ],
        "still_reads": {str(table): list(on) for table, on in report.reads.items()},
        "fix": {str(table): list(what) for table, what in fixes.items()},
    }


def text(report: Report, fixes: Fixes) -> str:
    """The damage by file, then each table's way out."""
    how = "read to their end" if report.deep else "not read to their end: add --deep"
    looked = (
        f"{report.tables} tables, {report.files} files, {size(report.bytes)}; "
        f"data files {how}"
    )
    lines = [f"looked at {looked}"]
    if report.unsummed and report.deep:
        lines.append(
            f"{report.unsummed} files were not published by this Firn, so that their "
            "content is known to decode, and no more"
        )
    for damage in report.damages:
        lines += _damage(damage)
    for table, what in fixes.items():
        lines.append(f"{table}")
        lines.append(f"  still reads: {_some(report.reads[table]) or 'nowhere'}")
        lines += [f"  fix: {one}" for one in what]
    if not report.damages:
        lines.append("nothing is damaged")
    elif report.is_whole:
        lines.append("no branch and no publication reads what is damaged")
    return "\n".join(lines)


def _damage(damage: Damage) -> Iterator[str]:
    yield f"damaged: {damage.role} {damage.location} {damage.reason}"
    snapshots: dict[tuple[TableId, int], list[str]] = {}
    for need in damage.needs:
        holders = snapshots.setdefault((need.table, need.snapshot), [])
        holders.append(need.holder or "history")
    for (table, snapshot), holders in snapshots.items():
        which = f", snapshot {snapshot}" if snapshot else ""
        yield f"  {table}{which}: {_some(tuple(holders))}"


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
