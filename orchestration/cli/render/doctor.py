"""Checks as text."""

from collections.abc import Sequence

from orchestration.cli.checks import Check

_SIGNS = {"ok": "✓", "optional": "-", "warn": "!", "broken": "✗"}


def text(checks: Sequence[Check]) -> str:
    """A line a check, the fix below those that need one."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{_SIGNS[check.state]} {check.name:<{width}}  {check.found}")
        if check.fix:
            lines.append(f"  {'':<{width}}  fix: {check.fix}")
    broken = sum(check.state == "broken" for check in checks)
    lines.append("all is well" if not broken else f"{broken} to fix")
    return "\n".join(lines)
