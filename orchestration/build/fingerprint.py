"""One hash for all that decides what a build makes, besides its input tables.

dbt's files and those of its packages, the variables and flags of the call, the
environment variables that these files name or dbt reads, and the versions of what
interprets them. Equal fingerprints and equal inputs mean equal tables, apart from
models that ask for the time of day.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from itertools import chain
from pathlib import Path

from orchestration.build import project as project_file
from orchestration.settings import Settings

_FILES = (
    "dbt_project.yml",
    "selectors.yml",
    "packages.yml",
    "dependencies.yml",
    "package-lock.yml",
    ".dbtignore",
    "profiles.yml",
    "profiles/profiles.yml",
)
_PACKAGES = (
    *("firn", "dbt-core", "dbt-duckdb", "duckdb", "pyiceberg"),
    *("dbt-spark", "pyspark", "sqlglot"),
)
_TEXT = {".sql", ".yml", ".yaml", ".py"}
_ENV_VAR = re.compile(rb"""env_var\(\s*['"](\w+)['"]""")


def fingerprint(
    settings: Settings,
    dbt_args: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Return 16 hex digits that differ when the project or the call differs."""
    digest = hashlib.sha256()
    names: set[str] = set()
    for path in sorted(files(settings.project_dir)):
        content = path.read_bytes()
        # A folder of macros may lie beside the project.
        relative = Path(os.path.relpath(path, settings.project_dir)).as_posix()
        _add(digest, relative.encode(), content)
        if path.suffix in _TEXT:
            names.update(name.decode() for name in _ENV_VAR.findall(content))
    facts = {
        "args": [arg for arg in dbt_args if arg not in {"--full-refresh", "-f"}],
        "env": {name: environ.get(name) for name in sorted(names - _OWN)},
        "dbt": {n: v for n, v in sorted(environ.items()) if n.startswith("DBT_")},
        "versions": {name: _version(name) for name in _PACKAGES},
    }
    _add(digest, json.dumps(facts, sort_keys=True).encode())
    return digest.hexdigest()[:16]


# Where a build happens does not decide what it makes.
_OWN = frozenset({"FIRN_BRANCH", "FIRN_HOME", "FIRN_WAREHOUSE", "FIRN_CATALOG_URI"})


def files(project: Path) -> Iterator[Path]:
    """All that dbt reads, of the project and its packages."""
    yield from _own_files(project)
    packages = project_file.packages(project, project_file.read(project))
    for package in sorted(packages.glob("*")):
        if (package / project_file.FILE).is_file():
            yield from _own_files(package)


def _own_files(project: Path) -> Iterator[Path]:
    for name in _FILES:
        if (project / name).is_file():
            yield project / name
    config = project_file.read(project)
    kinds = (project_file.folders(project, key, config) for key in project_file.PATHS)
    for folder in sorted(set(chain.from_iterable(kinds))):
        yield from project_file.below(project / folder)


def _add(digest: "hashlib._Hash", *parts: bytes) -> None:
    for part in parts:  # lengths keep `ab` + `c` apart from `a` + `bc`
        digest.update(str(len(part)).encode() + b":" + part)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
