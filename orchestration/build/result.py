"""What a run came to, as values for a terminal, for a machine, for a scheduler."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchestration.build.artifacts import NodeResult, count
from orchestration.build.gates import Finding
from orchestration.errors import ConflictError
from orchestration.lake.model import Publication

Status = Literal["built", "published", "unchanged", "refused", "conflict"]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A finding together with the command that shows the rows it is about."""

    finding: Finding
    look: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For `--format json`."""
        return {
            "gate": self.finding.gate,
            "severity": self.finding.severity,
            "subject": self.finding.subject,
            "what": self.finding.what,
            "rows": self.finding.rows,
            "look": self.look,
        }


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """One build and what became of it.

    Attributes:
        branch: Where it was built; dropped again unless `status` is `refused` or
            `conflict`. None when nothing had to be built.
        reason: Why nothing was done, what conflicts, or why everything was rebuilt.
        seconds: Wall time of everything.
        logs: Folder of dbt's log and of the queries of failing tests.
    """

    status: Status
    seconds: float
    branch: str | None = None
    reason: str = ""
    nodes: tuple[NodeResult, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    publication: Publication | None = None
    conflict: ConflictError | None = None
    logs: Path | None = None

    @property
    def exit_code(self) -> int:
        """What the command line ends with: 1 when `main` did not get the result."""
        return 0 if self.status in ("built", "published", "unchanged") else 1

    def as_dict(self) -> dict[str, Any]:
        """For `--format json`: no Python types inside."""
        return {
            "status": self.status,
            "branch": self.branch,
            "reason": self.reason or None,
            "seconds": round(self.seconds, 3),
            "publication": self.publication.id if self.publication else None,
            "tables": [
                {"table": str(change.table), "change": change.change}
                for change in (self.publication.changes if self.publication else ())
            ],
            "counts": count(self.nodes),
            "nodes": [_node(node) for node in self.nodes],
            "findings": [refusal.as_dict() for refusal in self.refusals],
            "error": self.conflict.as_dict() if self.conflict else None,
            "logs": str(self.logs) if self.logs else None,
        }


def _node(node: NodeResult) -> dict[str, Any]:
    return {
        "id": node.id,
        "kind": node.kind,
        "name": node.name,
        "relation": node.relation,
        "status": node.status,
        "seconds": round(node.seconds, 3),
        "rows": node.rows,
        "added": node.added,
        "failures": node.failures,
        "message": node.message or None,
    }
