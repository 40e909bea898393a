"""The dbt sources file of a source: generated from its spec, and held to agree with it.

`sources/<name>.yml → models/staging/<name>/_<name>__sources.yml`
"""

import re
from pathlib import Path
from typing import Any

import yaml

from orchestration.ingestion.spec import Column, Freshness, Source, Table
from orchestration.ingestion.specs import load_sources
from orchestration.ingestion.yaml_text import Flow, dump
from orchestration.settings import Settings

_JINJA = re.compile(r"\{(?=[{%#])")
# What reading a document raises that is not made of mappings and lists as dbt's are.
_NO_SOURCES = (AttributeError, KeyError, TypeError)


def sources_path(settings: Settings, source: Source) -> Path:
    """Where dbt reads it."""
    name = f"_{source.name}__sources.yml"
    return settings.project_dir / "models/staging" / source.name / name


def render_sources_yaml(source: Source) -> str:
    """The file's text: tables, columns with types and PII tags, freshness."""
    config: dict[str, Any] = {"loaded_at_field": "_loaded_at"}
    if source.freshness:
        config["freshness"] = _freshness(source.freshness)
    entry = {
        "name": source.name,
        "description": _plain(source.description or f"What {source.name} drops."),
        "schema": "raw",
        "config": config,
        "tables": [_table(source, table) for table in source.tables],
    }
    return dump({"sources": [entry]})


def disagreements(settings: Settings) -> list[str]:
    """What dbt believes of the sources and the specs say otherwise, one line each."""
    found: list[str] = []
    for source in load_sources(settings):
        path = sources_path(settings, source)
        where = path.relative_to(settings.project_dir)
        if not path.is_file():
            found.append(f"{where} is missing: dbt does not know {source.name}")
            continue
        wanted = _facts(yaml.safe_load(render_sources_yaml(source)))
        try:
            given = _facts(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
        except (yaml.YAMLError, UnicodeError, *_NO_SOURCES) as error:
            reason = str(error).splitlines()[0]
            found.append(f"{where} is no dbt sources file: {reason}")
            continue
        found += [
            f"{where}: {fact} is {given.get(fact)!r}, by the spec {wanted.get(fact)!r}"
            for fact in sorted(wanted.keys() | given.keys())
            if given.get(fact) != wanted.get(fact)
        ]
    return found


def _table(source: Source, table: Table) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": table.name,
        "identifier": source.raw_name(table.name),
        "description": _plain(
            table.description or f"Rows of {table.files}, as they came."
        ),
    }
    if table.freshness:
        entry["config"] = {"freshness": _freshness(table.freshness)}
    entry["columns"] = [_column(column) for column in table.columns]
    return entry


def _column(column: Column) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": column.name, "data_type": column.type}
    if column.description:
        entry["description"] = _plain(column.description)
    if column.pii:
        entry["config"] = Flow(tags=["pii"], meta=Flow(pii=True))
    return entry


def _plain(text: str) -> str:
    """Without Jinja, which dbt would run: a file's name may be anybody's."""
    return _JINJA.sub("{ ", text)


def _freshness(freshness: Freshness) -> dict[str, Any]:
    limits = freshness.model_dump(exclude_none=True)
    return {name: Flow(limit) for name, limit in limits.items()}


def _facts(document: dict[str, Any]) -> dict[str, Any]:
    """What a run depends on; descriptions and columns are the reader's own."""
    facts: dict[str, Any] = {}
    for source in document.get("sources") or []:
        name = source["name"]
        config = source.get("config") or {}
        facts[f"schema of {name}"] = source.get("schema", name)
        for table in source.get("tables") or []:
            merged = config | (table.get("config") or {})
            key = f"{name}.{table['name']}"
            facts[f"identifier of {key}"] = table.get("identifier", table["name"])
            facts[f"freshness of {key}"] = merged.get("freshness")
            facts[f"loaded_at_field of {key}"] = merged.get("loaded_at_field")
    return facts
