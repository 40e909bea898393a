"""Branches as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.cli.render.table import grid


def listing(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line a branch."""
    header = ("branch", "base", "created (UTC)", "by", "changed tables")
    return grid(
        header,
        [
            (
                row["branch"],
                row["base"],
                row["created_at"].strftime("%Y-%m-%d %H:%M:%S"),
                row["created_by"],
                row["changed_tables"],
            )
            for row in rows
        ],
    )
