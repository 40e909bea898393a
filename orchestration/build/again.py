"""What a second try takes up, and what both tries together come to."""

from collections.abc import Iterable, Mapping
from typing import Any

from dbt.contracts.graph.manifest import Manifest

from orchestration.build.artifacts import NodeResult
from orchestration.build.gates import Evidence

_UNFINISHED = ("failed", "skipped")


def unfinished(nodes: Iterable[NodeResult], known: Mapping[str, Any]) -> list[str]:
    """What failed or was skipped, as dbt selects it.

    Not by `dbt retry`, which leaves unit tests out.
    """
    ids = {node.id for node in nodes if node.outcome in _UNFINISHED}
    return [f"fqn:{'.'.join(known[name].fqn)}" for name in sorted(ids & set(known))]


def known(manifest: Manifest | None) -> Mapping[str, Any]:
    """What the project can build."""
    assert manifest is not None  # freshness has read the project
    return {**manifest.nodes, **manifest.unit_tests}


def is_whole(before: Evidence, nodes: Iterable[NodeResult]) -> bool:
    """Whether dbt would call it a success, once some nodes were built again."""
    unfinished = (node.outcome in _UNFINISHED for node in before.nodes)
    explained = before.success or any(unfinished)
    return explained and not any(node.outcome == "skipped" for node in nodes)


def newest(
    before: Iterable[NodeResult], after: Iterable[NodeResult]
) -> tuple[NodeResult, ...]:
    """All nodes of two tries, each with its last result."""
    return tuple({node.id: node for node in (*before, *after)}.values())
