"""What `firn doctor` looks at: each check is a function that ends in a verdict."""

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any, Literal

from orchestration.errors import FirnError
from orchestration.settings import Settings

State = Literal["ok", "optional", "warn", "broken"]
_EXTENSIONS = ("avro", "httpfs", "iceberg")
_OPTIONAL = {"spark": "pyspark", "airflow": "airflow", "demo": "jafgen"}
_OLDEST_PYTHON = (3, 11)
_LITTLE = 2 * 2**30  # bytes: two years of the example shop, built twice


@dataclass(frozen=True)
class Check:
    """One thing: what was found, and what to do if it is not well."""

    name: str
    state: State
    found: str
    fix: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For `--format json`."""
        return asdict(self)


def examine() -> list[Check]:
    """Run every check; none of them stops the others."""
    checks = [python(), *extensions(), *optional()]
    try:
        settings = Settings.load()
    except FirnError as error:
        return [*checks, Check("project", "broken", error.what, error.remedy)]
    project = Check("project", "ok", str(settings.project_dir))
    rest = (_guarded(check, settings) for check in PROJECT_CHECKS)
    return [*checks, project, *rest]


def python() -> Check:
    """The interpreter's version."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= _OLDEST_PYTHON:
        return Check("python", "ok", found)
    return Check("python", "broken", found, "Install Python 3.11 or newer.")


def extensions() -> Iterator[Check]:
    """DuckDB's extensions: installed as packages, of DuckDB's version, loadable."""
    import duckdb

    yield Check("duckdb", "ok", duckdb.__version__)
    with duckdb.connect(config={"allow_unsigned_extensions": "false"}) as connection:
        for name in _EXTENSIONS:
            yield _extension(connection, name)


def optional() -> Iterator[Check]:
    """Extras that a core installation lacks on purpose."""
    for extra, module in _OPTIONAL.items():
        if util.find_spec(module):
            yield Check(f"extra {extra}", "ok", "installed")
        else:
            yield Check(f"extra {extra}", "optional", "not installed (optional)")


def home(settings: Settings) -> Check:
    """Local state can be written."""
    folder = settings.home
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(nearest, os.W_OK):
        return Check("home", "broken", f"{folder} cannot be written", "Set FIRN_HOME.")
    return Check("home", "ok", str(folder))


def disk(settings: Settings) -> Check:
    """Room for data files."""
    folder = settings.warehouse
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    found = f"{free / 2**30:.0f} GiB free"
    if free >= _LITTLE:
        return Check("disk", "ok", found)
    return Check("disk", "warn", found, "Free some, or set FIRN_WAREHOUSE elsewhere.")


def token(settings: Settings) -> Check:
    """The catalog's token is its owner's alone."""
    path = settings.token_file
    if not path.exists():
        return Check("token", "ok", "made when the catalog first starts")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Check(
            "token", "broken", f"others may read it ({mode:o})", f"chmod 600 {path}"
        )
    return Check("token", "ok", "readable by its owner alone")


def lake(settings: Settings) -> Check:
    """The catalog's database opens."""
    from contextlib import closing

    from orchestration.lake import Lake

    with closing(Lake.open(settings)) as opened:
        tables = len(opened.pointers("main"))
        return Check("lake", "ok", f"{tables} tables on main")


def catalog(settings: Settings) -> Check:
    """The REST catalog comes up and knows us."""
    from orchestration.lake.process import ensure_catalog

    return Check("catalog", "ok", f"answers at {ensure_catalog(settings).uri}")


def profile(settings: Settings) -> Check:
    """dbt will find its profile."""
    folders = [
        settings.project_dir / "profiles",
        settings.project_dir,
        Path(os.environ.get("DBT_PROFILES_DIR", Path.home() / ".dbt")),
    ]
    for folder in folders:
        if (folder / "profiles.yml").is_file():
            return Check("dbt profile", "ok", str(folder / "profiles.yml"))
    fix = "Restore profiles/profiles.yml from git."
    return Check("dbt profile", "broken", "no profiles.yml", fix)


def git(settings: Settings) -> Check:
    """Publications can record their commit."""
    from orchestration.build.provenance import git_commit

    if shutil.which("git") is None:
        return Check("git", "warn", "not installed", "Install git.")
    commit = git_commit(settings.project_dir)
    if commit is None:
        fix = "git init && git commit, so that publications name their code."
        return Check("git", "warn", "no commit here", fix)
    return Check("git", "ok", commit)


PROJECT_CHECKS: tuple[Callable[[Settings], Check], ...] = (
    home,
    disk,
    token,
    lake,
    catalog,
    profile,
    git,
)


def _guarded(check: Callable[[Settings], Check], settings: Settings) -> Check:
    try:
        return check(settings)
    except FirnError as error:
        return Check(check.__name__, "broken", error.what, error.remedy)
    except Exception as error:  # noqa: BLE001  # a check that breaks is a finding
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        return Check(
            check.__name__, "broken", what, "Install anew: rm -rf .venv && make run."
        )


def _extension(connection: Any, name: str) -> Check:
    from orchestration.lake.session import REINSTALL, extension_file

    label, fix = f"duckdb {name}", REINSTALL
    try:
        package = metadata.version(f"duckdb-extension-{name}")
    except metadata.PackageNotFoundError:
        return Check(label, "broken", "not installed", fix)
    path = extension_file(name)
    if not path.is_file():
        return Check(label, "broken", f"{package} has no binary for this DuckDB", fix)
    try:
        connection.load_extension(str(path))
    except Exception as error:  # noqa: BLE001  # whatever keeps it from loading
        return Check(label, "broken", str(error).splitlines()[0], fix)
    return Check(label, "ok", package)
