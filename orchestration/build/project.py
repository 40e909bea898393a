"""dbt_project.yml, as far as Firn has to know it before dbt reads it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import UsageError

FILE = "dbt_project.yml"
# dbt's path settings and their defaults; docs change no table, so docs-paths is absent.
PATHS: Mapping[str, Sequence[str]] = {
    "model-paths": ("models",),
    "seed-paths": ("seeds",),
    "snapshot-paths": ("snapshots",),
    "macro-paths": ("macros",),
    "test-paths": ("tests",),
    "function-paths": ("functions",),
}
_TEXT = {".sql", ".yml", ".yaml", ".py", ".md", ".csv"}


def read(project: Path) -> dict[str, Any]:
    """The file's content.

    Raises:
        UsageError: It is no UTF-8, no YAML, or no mapping; `where` is file and line.
    """
    path = project / FILE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"it cannot be read ({error})",
            where=str(path),
            remedy="Make it a UTF-8 text file that you may read.",
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise UsageError(
            f"it is not valid YAML: {getattr(error, 'problem', error)}",
            where=f"{path}:{mark.line + 1}" if mark else str(path),
            remedy="Check the indentation, brackets and quotes around this line.",
        ) from error
    if not isinstance(content, dict):
        raise UsageError(
            "it is not a mapping of keys to values",
            where=str(path),
            remedy="Start it with `name:`, `version:` and `profile:`.",
        )
    return content


def folders(project: Path, key: str, content: Mapping[str, Any]) -> list[str]:
    """The folders of one kind, as `seed-paths` lists them.

    Raises:
        UsageError: The list is none.
    """
    found = content.get(key) or PATHS[key]
    if isinstance(found, (list, tuple)) and all(isinstance(x, str) for x in found):
        return list(found)
    raise UsageError(
        f"`{key}` is not a list of folders",
        where=str(project / FILE),
        remedy=f"Write it as `{key}: [{PATHS[key][0]}]`.",
    )


def packages(project: Path, content: Mapping[str, Any]) -> Path:
    """Where `dbt deps` puts packages, or links to those that lie beside the project."""
    return project / str(content.get("packages-install-path") or "dbt_packages")


def below(folder: Path) -> Iterator[Path]:
    """The files that dbt finds there: it follows links."""
    seen: set[Path] = set()
    for found, folders, files in os.walk(folder, followlinks=True):
        here = Path(found).resolve()
        if here in seen:  # a link to a folder above
            folders.clear()
            continue
        seen.add(here)
        for name in files:
            path = Path(found, name)
            if path.is_file() and not name.startswith("."):
                yield path


def refuse_leading_out(project: Path, *, home: Path) -> None:
    """Hold that files of the project lie where it says, and none in local state.

    dbt reads whatever a link leads to, and shows it in its artifacts.

    Raises:
        UsageError: A file lies elsewhere; `where` is its name in the project.
    """
    content = read(project)
    installed = packages(project, content)
    found = [one for one in installed.glob("*") if (one / FILE).is_file()]
    for place in (project, *found):
        names = _folders(place)
        inside = [root.resolve() for root in (place, *names)]
        for path in (path for name in names for path in below(name)):
            real = path.resolve()
            private = real.is_relative_to(home.resolve())
            if private or not any(map(real.is_relative_to, inside)):
                raise UsageError(
                    "it is a link out of the project, which a build that publishes "
                    "does not follow",
                    where=str(path),
                    remedy="Copy the file, or name its folder in dbt_project.yml.",
                )


def _folders(project: Path) -> list[Path]:
    """All folders that dbt parses; analyses make no table, but are parsed as well."""
    content = read(project)
    names = [name for key in PATHS for name in folders(project, key, content)]
    analyses = content.get("analysis-paths") or ["analyses"]
    return [project / str(name) for name in (*names, *analyses)]


def not_utf_8(project: Path) -> Iterator[Path]:
    """Text files of the project that are not UTF-8: dbt's own error names none."""
    places = [project / FILE, project / "profiles", *_places(project)]
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.suffix in _TEXT and path.is_file():
                try:
                    path.read_bytes().decode("utf-8")
                except UnicodeDecodeError:
                    yield path


def _places(project: Path) -> Iterator[Path]:
    content = read(project)
    for key in PATHS:
        yield from (project / name for name in folders(project, key, content))
