"""A dbt project of as many small models as are asked for, and the files that it reads.

    staging → prepared → joined → marts → reports

Each layer has a fifth of the models, in folders of ten; each model reads two of the
layer before. Every third model has two tests. Staging is views, the others are tables.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAYERS = ("staging", "prepared", "joined", "marts", "reports")
_FOLDER = 10  # models
_ROWS = 100
_SOURCE = "orchestration/ingestion/sources/till.yml"

SPEC = """
name: till
path: landing/till
settle_seconds: 0
tables:
  - name: orders
    files: "*/orders.csv"
    primary_key: [order_id]
    columns:
      - {name: order_id, type: integer}
      - {name: amount, type: integer, required: true}
"""

PROJECT = """
name: firn
version: "1.0"
config-version: 2
profile: firn
flags: {send_anonymous_usage_stats: false}
models:
  firn:
    +schema: marts
    +materialized: table
    staging: {+schema: staging, +materialized: view}
"""

SOURCES = """
sources:
  - name: till
    schema: raw
    config:
      loaded_at_field: _loaded_at
      freshness: {error_after: {count: 3650, period: day}}
    tables:
      - {name: orders, identifier: till__orders}
"""


@dataclass(frozen=True)
class Model:
    """One model: where it lies, what it reads, whether it has tests."""

    name: str
    layer: str
    folder: str
    parents: tuple[str, ...]
    tested: bool

    @property
    def sql(self) -> str:
        """Its text."""
        if not self.parents:
            return "select order_id, amount from {{ source('till', 'orders') }}\n"
        first, *others = self.parents
        joins = "".join(
            f"inner join {{{{ ref('{name}') }}}} using (order_id)\n" for name in others
        )
        return (
            f"select order_id, a.amount + 1 as amount\n"
            f"from {{{{ ref('{first}') }}}} as a\n{joins}"
        )


def models(count: int) -> list[Model]:
    """What a project of so many models consists of."""
    made: list[Model] = []
    before: list[str] = []
    for depth, layer in enumerate(LAYERS):
        size = (count * (depth + 1)) // len(LAYERS) - (count * depth) // len(LAYERS)
        names = [f"{layer}_{number:04}" for number in range(1, size + 1)]
        for index, name in enumerate(names):
            near = [before[(index + step) % len(before)] for step in (0, 1) if before]
            made.append(
                Model(
                    name=name,
                    layer=layer,
                    folder=f"area_{index // _FOLDER + 1:02}",
                    parents=tuple(dict.fromkeys(near)),
                    tested=len(made) % 3 == 0,
                )
            )
        before = names or before
    return made


def write(folder: Path, count: int) -> None:
    """Write the project, its source and a file to land; macros and profile are ours."""
    for name, text in _files(models(count)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())


def copy_parts(origin: Path, folder: Path, *names: str) -> None:
    """Copy folders and files of the repository's own project."""
    for name in names:
        if (origin / name).is_dir():
            shutil.copytree(origin / name, folder / name)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin / name, folder / name)


def _files(made: list[Model]) -> Iterator[tuple[str, str]]:
    yield _SOURCE, SPEC
    yield "dbt_project.yml", PROJECT
    yield "models/staging/till.yml", SOURCES
    rows = "".join(f"{number},{number * 7}\n" for number in range(1, _ROWS + 1))
    yield "landing/till/1/orders.csv", f"order_id,amount\n{rows}"
    for model in made:
        path = f"models/{model.layer}/{model.folder}/{model.name}"
        yield f"{path}.sql", model.sql
        if model.tested:
            yield f"{path}.yml", _properties(model.name)


def _properties(name: str) -> str:
    return (
        "models:\n"
        f"  - name: {name}\n"
        "    columns: [{name: order_id, data_tests: [not_null, unique]}]\n"
    )
