"""Where the project and its local state are. Read once, from the environment."""

import getpass
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestration.errors import UsageError

MAIN = "main"
ANY_RUN = "run"  # what dbt's parser takes for the branch of each run
_LONGEST_USER = 80  # leaves room for `dev_` in a branch's name
BRANCH_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")

_ESCAPE = re.compile(r"[?#]|%[0-9A-Fa-f]{2}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Resolved once per process; every path is absolute.

    Attributes:
        project_dir: The folder of `dbt_project.yml`.
        home: Local state (`FIRN_HOME`, default `.firn` in the project).
        database_url: SQLAlchemy URL of the catalog's database
            (`FIRN_CATALOG_DATABASE`, default SQLite in `home`). May hold a password:
            never print it.
        warehouse: Folder of data and metadata files (`FIRN_WAREHOUSE`).
        branch: Branch that development writes to (`FIRN_BRANCH`, default
            `dev_<user>`).
        user: Who publishes, for the record (`FIRN_USER`, default the login name).
    """

    project_dir: Path
    home: Path
    database_url: str
    warehouse: Path
    branch: str
    user: str

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the environment.

        Raises:
            UsageError: No `dbt_project.yml` here or above, a bad branch name, or a
                folder that locations cannot name.
        """
        project_dir = _project_dir(environ)
        home = _path(environ.get("FIRN_HOME") or ".firn", base=project_dir)
        warehouse = _path(environ.get("FIRN_WAREHOUSE") or "warehouse", base=home)
        _refuse_escapes(home, where="FIRN_HOME")
        _refuse_escapes(warehouse, where="FIRN_WAREHOUSE")
        user = environ.get("FIRN_USER") or _login_name()
        branch = environ.get("FIRN_BRANCH") or f"dev_{_slug(user)}"
        return cls(
            project_dir=project_dir,
            home=home,
            database_url=environ.get("FIRN_CATALOG_DATABASE")
            or f"sqlite:///{home / 'catalog.db'}",
            warehouse=warehouse,
            branch=branch_name(branch, where="FIRN_BRANCH"),
            user=user,
        )

    @cached_property
    def token_file(self) -> Path:
        """The bearer token of the embedded catalog, readable by its owner alone."""
        return self.home / "token"

    @cached_property
    def log_dir(self) -> Path:
        """Logs of the catalog and of runs."""
        return self.home / "logs"

    @cached_property
    def sources_dir(self) -> Path:
        """The source specs, one YAML file each (`FIRN_SOURCES` is for tests)."""
        override = os.environ.get("FIRN_SOURCES")
        default = self.project_dir / "orchestration/ingestion/sources"
        return _path(override, base=self.project_dir) if override else default


def branch_name(name: str, *, where: str) -> str:
    """Return `name` if it can name a branch, which is also a catalog prefix in URLs.

    Raises:
        UsageError: It has other characters, or more than 100.
    """
    if BRANCH_NAME.fullmatch(name):
        return name
    raise UsageError(
        f"{name!r} cannot name a branch",
        where=where,
        remedy="Use letters, digits, '_', '-' and '.', at most 100, "
        "starting with a letter or digit.",
    )


def _refuse_escapes(folder: Path, *, where: str) -> None:
    """Engines write locations as URLs, and so does the database's: some unescape."""
    if _ESCAPE.search(str(folder)):
        raise UsageError(
            "a folder of the lake has '?', '#', or '%' before two digits, in its path",
            where=f"{where} {folder}",
            remedy="Name one without; other characters do no harm.",
        )


def _project_dir(environ: Mapping[str, str]) -> Path:
    if given := environ.get("FIRN_PROJECT_DIR"):
        candidates = [Path(given).resolve()]
    else:
        here = Path.cwd()
        candidates = [here, *here.parents]
    for folder in candidates:
        if (folder / "dbt_project.yml").is_file():
            return folder
    raise UsageError(
        "no dbt_project.yml here or in any folder above",
        where=str(candidates[0]),
        remedy="Change into the project, or set FIRN_PROJECT_DIR to it.",
    )


def _path(text: str, *, base: Path) -> Path:
    path = Path(text).expanduser()
    return path if path.is_absolute() else (base / path).resolve()


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user id has no name
        return f"uid{os.getuid()}"


def _slug(text: str) -> str:
    slug = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()
    return slug[:_LONGEST_USER] or "user"
