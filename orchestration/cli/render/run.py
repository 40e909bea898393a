"""What a run came to, as text."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from orchestration.build.artifacts import NodeResult, count
from orchestration.build.result import Refusal, RunResult
from orchestration.cli.output import left_on_main
from orchestration.cli.render.publications import tables
from orchestration.cli.render.table import grid

if TYPE_CHECKING:
    from orchestration.ingestion.result import IngestResult

_TESTS = ("test", "unit_test")
_SIGNS = {"error": "✗", "warn": "!"}


def text(result: RunResult, landed: Sequence[int] = ()) -> str:
    """The whole answer of `firn build`, and of `firn run`, which has `landed` first."""
    if result.status == "unchanged":
        return f"{result.reason} ({result.seconds:.1f} s; --force builds anyway)"
    return "\n".join(
        [
            *_nodes(result.nodes),
            *_findings(result.refusals),
            *_ending(result, landed),
        ]
    )


def landed_dict(landed: "IngestResult") -> dict[str, Any]:
    """An ingest for `--format json`."""
    return {
        "publications": [publication.id for publication in landed.publications],
        "loads": [
            {
                "table": f"raw.{load.source}__{load.table}",
                "load_id": load.load_id,
                "files": load.files,
                "source_rows": load.source_rows,
                "landed": load.landed,
                "rejected": load.rejected,
                "waiting": load.waiting,
                "seconds": round(load.seconds, 3),
            }
            for load in landed.loads
        ],
    }


def landed_text(landed: "IngestResult") -> str:
    """A line a table that took rows; one line when there was nothing."""
    moved = [load for load in landed.loads if load.files or load.waiting]
    if not moved:
        return "ingest: nothing new to land\n"
    header = ("landed", "files", "rows", "rejected", "waiting", "seconds")
    rows = [
        (
            f"raw.{load.source}__{load.table}",
            load.files,
            f"{load.landed:,}",
            f"{load.rejected:,}",
            load.waiting,
            f"{load.seconds:.2f}",
        )
        for load in moved
    ]
    return grid(header, rows) + "\n\n"


def _nodes(nodes: Sequence[NodeResult]) -> Iterator[str]:
    built = [node for node in nodes if node.kind not in _TESTS and node.relation]
    if built:
        header = ("built", "status", "rows", "written", "seconds")
        yield grid(header, [_line(node) for node in built])
        yield ""


def _line(node: NodeResult) -> tuple[str, ...]:
    return (
        node.relation or node.name,
        node.status,
        "" if node.rows is None else f"{node.rows:,}",
        "" if node.added is None else f"{node.added:,}",
        f"{node.seconds:.2f}",
    )


def _findings(refusals: Sequence[Refusal]) -> Iterator[str]:
    for refusal in refusals:
        found = refusal.finding
        rows = f" [{_rows(found.rows)}]" if found.rows else ""
        first, *rest = found.what.splitlines() or [""]
        sign = _SIGNS[found.severity]
        yield f"{sign} {found.gate} {found.subject}: {first}{rows}"
        yield from (f"    {line}" for line in rest)
        if refusal.look:
            yield f"    look: {refusal.look}"
    if refusals:
        yield ""


def _example(result: RunResult) -> str:
    """A table that was published: the last one built is what readers want."""
    published = {str(c.table) for c in result.publication.changes if c.new}  # type: ignore[union-attr]
    built = [n.relation for n in result.nodes if n.relation in published and n.rows]
    return built[-1] or "" if built else min(published, default="")


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _ending(result: RunResult, landed: Sequence[int]) -> Iterator[str]:
    if result.publication:
        ran = [node for node in result.nodes if node.kind in _TESTS]
        passed = count(ran)["ok"]
        yield (
            f"published {result.publication.id}: {tables(result.publication)}, "
            f"{passed} of {len(ran)} tests passed, {result.seconds:.1f} s"
        )
        if result.reason:
            yield f"  note:     {result.reason}"
        yield f'  read it:  firn sql "from {_example(result)} limit 10"'
        yield f"  undo it:  firn rollback {result.publication.id}"
        return
    if result.status == "conflict":
        state = left_on_main(landed) if landed else "nothing was published"
        yield f"conflict: {state}. {result.reason}"
    else:
        errors = sum(r.finding.severity == "error" for r in result.refusals)
        said = f"{errors} error{'' if errors == 1 else 's'}"
        nothing = "" if landed else "nothing was published, "
        yield f"refused: {said}, {nothing}{left_on_main(landed)}"
    if result.branch:
        yield f"  the branch: firn diff {result.branch}"
    yield f"  the log:    {result.logs}/dbt.log"
    if result.branch:
        yield f"  when done:  firn branches drop {result.branch}"
