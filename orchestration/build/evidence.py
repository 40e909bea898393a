"""What the gates need to know beyond dbt's results: from the manifest and the lake."""

from collections.abc import Iterable, Mapping

from dbt.contracts.graph.manifest import Manifest

from orchestration.build import rows
from orchestration.build.gates import Volume
from orchestration.errors import UsageError
from orchestration.lake.model import TableChange, TableId


def inputs_of(manifest: Manifest | None) -> set[TableId]:
    """The tables that the project reads and does not make: sources that are used."""
    if manifest is None:
        return set()
    used = {
        parent
        for node in manifest.nodes.values()
        for parent in node.depends_on_nodes
        if parent in manifest.sources
    }
    sources = (manifest.sources[name] for name in used)
    return {TableId(source.schema, source.identifier) for source in sources}


def source_sql(manifest: Manifest | None) -> dict[str, str]:
    """For each source with freshness, the query that shows its newest row."""
    if manifest is None:
        return {}
    return {
        source.unique_id: f"select max({source.loaded_at_field}) as newest\n"
        f"from {source.schema}.{source.identifier}"
        for source in manifest.sources.values()
        if source.loaded_at_field
    }


def volumes(
    changes: Iterable[TableChange], manifest: Manifest | None
) -> tuple[Volume, ...]:
    """Rows before and after of the tables that shrank and of those with a limit."""
    limits = _limits(manifest) if manifest else {}
    return tuple(
        volume for change in changes if (volume := _volume(change, limits)) is not None
    )


def _volume(change: TableChange, limits: Mapping[TableId, float]) -> Volume | None:
    if change.kind != "TABLE" or not change.old or not change.new:
        return None
    limit = limits.get(change.table)
    after = rows.rows(rows.metadata_at(change.new))
    if after is None or (after and limit is None):
        return None  # not empty and nobody set a limit: no need to read the old one
    before = rows.rows(rows.metadata_at(change.old))
    if before is None:
        return None
    return Volume(table=str(change.table), before=before, after=after, max_shrink=limit)


def _limits(manifest: Manifest) -> dict[TableId, float]:
    limits = {}
    for node in manifest.nodes.values():
        if (limit := node.config.meta.get("max_shrink")) is not None:
            limits[TableId(node.schema, node.alias)] = _share(limit, node.unique_id)
    return limits


def _share(value: object, where: str) -> float:
    if isinstance(value, (int, float)) and 0 <= value <= 1:
        return float(value)
    raise UsageError(
        f"max_shrink is {value!r}",
        where=where,
        remedy="Give the share of rows that may vanish, from 0 to 1, such as 0.2.",
    )
