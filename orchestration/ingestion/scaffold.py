"""Write a new source from a sample of its data: spec, dbt source, staging models.

`landing/shop → sources/shop.yml, models/staging/shop/…`
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orchestration.errors import UsageError
from orchestration.ingestion.dbt_yaml import render_sources_yaml, sources_path
from orchestration.ingestion.naming import tables_in
from orchestration.ingestion.sample import SampledTable, look_at
from orchestration.ingestion.spec import Source
from orchestration.ingestion.staging_text import StagingModel
from orchestration.ingestion.yaml_text import Flow, dump
from orchestration.settings import Settings

_HEAD = """\
# Types and keys are inferred from a sample. Look at them, then: firn run
# What each key means: docs/how-to/add-a-source.md
"""


def scaffold(settings: Settings, name: str, sample: Path) -> tuple[Path, ...]:
    """Write the files of a new source; return them, relative to the project.

    Args:
        name: The source's name, in lowercase.
        sample: A folder of data files, or one file.

    Raises:
        UsageError: The name is no name, there is no data in the sample, tables are
            written in different ways, or one of the files exists already.
    """
    described = _describe(settings, name, sample)
    source = _validated(described, sample)
    folder = sources_path(settings, source).parent
    texts = {
        settings.sources_dir / f"{name}.yml": _HEAD + dump(described),
        sources_path(settings, source): render_sources_yaml(source),
    }
    for table in source.tables:
        model = StagingModel(name, table)
        texts[folder / f"{model.name}.sql"] = model.sql()
        texts[folder / f"{model.name}.yml"] = model.yaml()
    _write(settings, texts)
    return tuple(_shown(settings, path) for path in texts)


def _describe(settings: Settings, name: str, sample: Path) -> dict[str, Any]:
    sample = sample if sample.is_absolute() else (Path.cwd() / sample)
    tables = [look_at(files) for files in tables_in(*_files(sample))]
    if not tables:
        raise UsageError(
            "there is no CSV, JSON, JSONL or Parquet file",
            where=str(sample),
            remedy="Give a file, or a folder that holds files of these formats.",
        )
    base = sample if sample.is_dir() else sample.parent
    inside = base.resolve().is_relative_to(settings.project_dir)
    path = base.resolve().relative_to(settings.project_dir) if inside else base
    formats = [table.files.format for table in tables]
    common = max(formats, key=formats.count)
    described: dict[str, Any] = {
        "name": name,
        "kind": "files",
        "path": path.as_posix(),
        "format": common,
    }
    if options := _csv_options(tables, sample):
        described["csv"] = Flow(options)
    return described | {
        "schema_policy": "strict",
        "freshness": {"warn_after": Flow(count=7, period="day")},
        "tables": [_table(table, common) for table in tables],
    }


def _files(sample: Path) -> tuple[Path, list[Path]]:
    if sample.is_file():
        return sample.parent, [sample]
    hidden = (path for path in sample.rglob("*") if path.is_file())
    return sample, [
        path
        for path in hidden
        if not any(part.startswith(".") for part in path.relative_to(sample).parts)
    ]


def _table(table: SampledTable, common: str) -> dict[str, Any]:
    files = table.files
    described: dict[str, Any] = {"name": files.name, "files": files.glob}
    if files.format != common:
        described["format"] = files.format
    if table.key:
        described["primary_key"] = [table.key]
    if table.cursor:
        described["cursor"] = table.cursor
    described["columns"] = [
        Flow(
            {"name": column.name}
            | ({"from": column.original} if column.original != column.name else {})
            | ({"type": column.type} if column.type != "varchar" else {})
        )
        for column in table.columns
    ]
    return described


def _csv_options(tables: Sequence[SampledTable], sample: Path) -> dict[str, Any]:
    """The options of all CSV files; a source has one set of them."""
    merged: dict[str, Any] = {}
    written = [table for table in tables if table.files.format == "csv"]
    for option in ("delimiter", "quote", "header", "date_format", "timestamp_format"):
        given = {
            table.csv.get(option)
            for table in written
            # A table without dates says nothing on how dates are written.
            if option in table.csv or not option.endswith("_format")
        }
        if len(given) > 1:
            raise UsageError(
                f"its CSV files differ in their {option}: {sorted(map(str, given))}",
                where=str(sample),
                remedy="Make one source of each kind: give a part of the files.",
            )
        if (value := next(iter(given), None)) is not None:
            merged[option] = value
    return merged


def _validated(described: dict[str, Any], sample: Path) -> Source:
    try:
        return Source.model_validate(described)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"no source can be made of it: {first['msg']}",
            where=str(sample),
            remedy="Rename the file or the source, or write the spec by hand.",
        ) from None


def _write(settings: Settings, texts: Mapping[Path, str]) -> None:
    """Write all files, or none when one is there already."""
    if there := [path for path in texts if path.exists()]:
        raise UsageError(
            "a new source never overwrites a file",
            where=", ".join(str(_shown(settings, path)) for path in there),
            remedy="Remove the file, or take another name.",
        )
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _shown(settings: Settings, path: Path) -> Path:
    inside = path.is_relative_to(settings.project_dir)
    return path.relative_to(settings.project_dir) if inside else path
