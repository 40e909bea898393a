"""Publications as text and JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from orchestration.cli.render.table import grid
from orchestration.lake.model import Publication


def as_dict(publication: Publication) -> dict[str, Any]:
    """For `--format json`."""
    why = publication.provenance
    return {
        "publication": publication.id,
        "kind": publication.kind,
        "reverts": publication.reverts,
        "branch": publication.branch,
        "published_at": publication.published_at.isoformat(timespec="seconds"),
        "who": why.who,
        "git_commit": why.git_commit,
        "dbt_invocation": why.dbt_invocation,
        "fingerprint": why.fingerprint,
        "inputs": dict(why.inputs),
        "cleaned": publication.cleaned,
        "tables": [
            {"table": str(c.table), "kind": c.kind.lower(), "change": c.change}
            for c in publication.changes
        ],
    }


def log_text(publications: Sequence[Publication]) -> str:
    """One line each, newest first."""
    if not publications:
        return "nothing was published yet: `firn run` does"
    header = ("publication", "when (UTC)", "what", "who", "git", "tables")
    return grid(header, [_line(publication) for publication in publications])


def published_text(publication: Publication | None, branch: str) -> str:
    """What `firn publish` did."""
    if publication is None:
        return f"nothing to publish: {branch} differs in no table from its fork"
    return (
        f"published {publication.id}: {tables(publication)} from {branch}\n"
        f"  undo it with: firn rollback {publication.id}"
    )


def rolled_back_text(publication: Publication) -> str:
    """What `firn rollback` did."""
    return (
        f"rolled back publication {publication.reverts}: {tables(publication)} "
        f"are as before it (publication {publication.id})\n"
        f"  the undone state: firn sql --at {publication.reverts} …\n"
        f"  undo the rollback: firn rollback {publication.id}"
    )


def tables(publication: Publication) -> str:
    """`12 tables (2 added, 10 changed)`."""
    counts = Counter(change.change for change in publication.changes)
    parts = ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
    number = len(publication.changes)
    return f"{number} table{'' if number == 1 else 's'} ({parts})"


def _line(publication: Publication) -> tuple[object, ...]:
    what = publication.branch
    if publication.kind == "rollback":
        what = f"rollback of {publication.reverts}"
    return (
        publication.id,
        publication.published_at.strftime("%Y-%m-%d %H:%M:%S"),
        what,
        publication.provenance.who,
        _short(publication.provenance.git_commit),
        tables(publication) + (", cleaned" if publication.cleaned else ""),
    )


def _short(commit: str | None) -> str:
    if not commit:
        return ""
    sha, _, dirty = commit.partition("-")
    return sha[:8] + ("+" if dirty else "")
