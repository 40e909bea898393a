"""Where a publication comes from: who, which commit, invocation and input."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from orchestration.lake.model import Provenance
from orchestration.settings import Settings


def provenance(
    settings: Settings,
    *,
    dbt_invocation: str | None = None,
    fingerprint: str | None = None,
    inputs: Mapping[str, int | None] | None = None,
) -> Provenance:
    """Fill in who and which commit; what a build knows beyond that is given."""
    return Provenance(
        who=settings.user,
        git_commit=git_commit(settings.project_dir),
        dbt_invocation=dbt_invocation,
        fingerprint=fingerprint,
        inputs=dict(inputs or {}),
    )


def git_commit(project: Path) -> str | None:
    """The commit checked out, `-dirty` if files differ from it; None without git."""
    commit = _git(project, "rev-parse", "HEAD")
    if not commit:
        return None
    return f"{commit}-dirty" if _git(project, "status", "--porcelain") else commit


def _git(project: Path, *args: str) -> str | None:
    command = ["git", "-C", str(project), *args]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own words
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
