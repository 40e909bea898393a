"""What a model may do in a build that publishes: read and write its branch.

A plain `dbt build` runs its author's SQL as its author, and is free. In `firn run`,
`firn build` and the target `prod`, DuckDB is confined to the warehouse and the seeds,
and statements that reach beyond tables are refused before DuckDB sees them.
"""

import os
from collections.abc import Mapping
from typing import Any

import duckdb
from dbt.adapters.duckdb.environments.local import (
    DuckDBCursorWrapper,
    LocalEnvironment,
)

from orchestration.build import project as project_file
from orchestration.build import templates, withhold
from orchestration.errors import UsageError
from orchestration.lake.confine import Limits
from orchestration.lake.statements import BUILDS, forbidden
from orchestration.settings import Settings

# The token, and addresses that may hold a password.
_SECRET = ("FIRN_CATALOG_TOKEN", "FIRN_CATALOG_DATABASE", "FIRN_CATALOG_URI")
VARIABLE = "FIRN_PUBLISHES"  # set while a build that publishes runs dbt
_OUT = (
    "A build that publishes reads and writes the lake alone: land files with a source "
    "(docs/how-to/add-a-source.md), or try it with plain `dbt build` on your branch."
)
_execute: Any = DuckDBCursorWrapper.execute
_submit = LocalEnvironment.submit_python_job


def is_asked_for() -> bool:
    """Whether this process runs dbt for a build that publishes."""
    return bool(os.environ.get(VARIABLE))


def shown(environ: Mapping[str, str]) -> dict[str, str]:
    """What `env_var` may show of the environment to whoever writes a model."""
    return {name: text for name, text in environ.items() if name not in _SECRET}


def limits(settings: Settings) -> Limits:
    """The warehouse, and where seeds are read from."""
    project = settings.project_dir
    content = project_file.read(project)
    names = project_file.folders(project, "seed-paths", content)
    seeds = [project / name for name in names]
    packages = project_file.packages(project, content)
    # DuckDB looks for it in the current folder, which may be another than the project.
    return Limits([settings.warehouse, *seeds, packages], [project / "data"])


def install(*, guarded: bool, python: bool) -> None:
    """Guard all cursors and templates of dbt from now on, or none."""
    submit: Any = _refuse_python if guarded and not python else _submit
    templates.hold(held=guarded)
    # dbt-duckdb offers plugins no way between itself and a cursor.
    DuckDBCursorWrapper.execute = _guarded if guarded else _execute  # type: ignore[method-assign]
    LocalEnvironment.submit_python_job = submit  # type: ignore[method-assign]


def _guarded(self: DuckDBCursorWrapper, sql: str, bindings: Any = None) -> Any:
    try:
        if found := forbidden(self._cursor, sql, BUILDS):
            raise RuntimeError(str(UsageError(f"{found} is refused", remedy=_OUT)))
        return _execute(self, sql, bindings)
    except duckdb.PermissionException as error:
        what = str(error).partition(" - ")[0].strip()
        raise RuntimeError(str(UsageError(what, remedy=_OUT))) from error
    except duckdb.Error as error:
        text = str(error)
        if not withhold.is_on() or (masked := withhold.without_values(text)) == text:
            raise
        # Without the cause: dbt logs it.
        raise RuntimeError(masked) from None


def _refuse_python(_: LocalEnvironment, *__: object) -> Any:
    refusal = UsageError(
        "a Python model is refused: nothing can confine what it reads and sends",
        remedy="Write it in SQL, or trust all of the project's Python models with "
        "`python_models: true` beside `needs_branch` in profiles/profiles.yml.",
    )
    raise RuntimeError(str(refusal))
