# ruff: noqa: S608 - names pass through `quote`
"""A bad input, made on purpose, where nobody but the drill's run can see it."""

from contextlib import closing

from orchestration.errors import NotFoundError
from orchestration.ingestion.land import RAW
from orchestration.ingestion.specs import load_sources
from orchestration.lake import Lake, TableId
from orchestration.lake.session import connect
from orchestration.lake.types import quote
from orchestration.settings import Settings


def plant_a_row(settings: Settings, branch: str) -> str:
    """Copy the newest row of a raw table, without its key; returns the table's name.

    Raises:
        NotFoundError: No source with a key has landed.
    """
    with closing(Lake.open(settings)) as lake:
        there = lake.pointers(branch)
    for source in load_sources(settings):
        for table in source.tables:
            name = TableId(RAW, source.raw_name(table.name))
            if table.primary_key and name in there:
                keys = ", ".join(f"null as {quote(key)}" for key in table.primary_key)
                relation = f"lake.{quote(name.namespace)}.{quote(name.name)}"
                with closing(connect(settings, branch)) as con:
                    con.execute(
                        f"insert into {relation} by name select * replace ({keys}, "
                        "now() at time zone 'UTC' as _loaded_at) "
                        f"from {relation} order by _loaded_at desc limit 1"
                    )
                return str(name)
    raise NotFoundError(
        "no source with a primary key has landed",
        where=str(settings.sources_dir),
        remedy="Run the DAG `ingest` first.",
    )
