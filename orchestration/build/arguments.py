"""What dbt's own arguments mean for a build that publishes."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence

from orchestration.errors import UsageError

_SELECT = ("--select", "-s", "--models", "--model", "-m")
# Arguments under which a build still makes every table of the project.
_WHOLE = frozenset(
    {
        *("--full-refresh", "-f", "--no-full-refresh"),
        *("--vars", "--target", "-t", "--profile", "--profiles-dir", "--threads"),
        *("--fail-fast", "-x", "--no-fail-fast"),
        *("--partial-parse", "--no-partial-parse", "--debug", "-d"),
    }
)
_REFUSED = {
    "--empty": "it would publish empty tables",
    "--sample": "it would publish samples instead of tables",
    "--project-dir": "the project is the folder Firn was called in",
    "--target-path": "the run reads dbt's artifacts from target/",
    "--log-path": "the run keeps its own logs",
    "--no-write-json": "the run reads dbt's artifacts",
    "--version": "it builds nothing",
    "-V": "it builds nothing",
    "-v": "it builds nothing",
}
# What dbt also takes from the environment, where it would pass for a whole build.
_REFUSED_VARIABLES = {
    "EMPTY": _REFUSED["--empty"],
    "SAMPLE": _REFUSED["--sample"],
    "RESOURCE_TYPES": "it would build a part of the project, maybe without its tests",
    "EXCLUDE_RESOURCE_TYPES": "it would leave out a part of the project, maybe tests",
    "EVENT_TIME_START": "it would build a part of each table's time",
    "EVENT_TIME_END": "it would build a part of each table's time",
}
_OF_DBT = ("DBT_ENGINE_", "DBT_")
_SHARED = frozenset({"--vars", "--target", "-t", "--profile", "--profiles-dir"})
_JINJA = re.compile(r"\{\{|\{%|\{#")
_PARENTS = re.compile(r"^\d*\+")
FULL_REFRESH = "--full-refresh"
_FULL_REFRESH = frozenset({FULL_REFRESH, "-f"})


def check(args: Sequence[str], environ: Mapping[str, str] = os.environ) -> None:
    """Refuse arguments that a publishing build cannot honour, wherever they are given.

    Raises:
        UsageError: One of them is there.
    """
    for flag, values in _pairs(args):
        if flag in _SHARED and len([v for v in values if v.strip()]) != 1:
            raise UsageError(
                f"{flag} takes one value",
                where="dbt arguments",
                remedy=f"Give it one, in quotes where it has spaces: {flag} '…'.",
            )
        if flag == "--vars" and any(map(_JINJA.search, values)):
            raise UsageError(
                "there is Jinja in --vars, which dbt would run",
                where="dbt arguments",
                remedy="Give plain values; compute in the model or a macro.",
            )
        if reason := _REFUSED.get(flag):
            raise UsageError(
                f"{flag} cannot be part of a build that publishes: {reason}",
                where="dbt arguments",
                remedy=f"Leave it out, or use plain `dbt build {flag}` on your branch.",
            )
    _check_environment(environ)


def is_whole(args: Sequence[str]) -> bool:
    """Whether the build makes the whole project; unknown arguments may not."""
    return all(flag in _WHOLE for flag, _ in _pairs(args))


def is_full_refresh(args: Sequence[str]) -> bool:
    """Whether tables are to be rebuilt from nothing."""
    return any(flag in _FULL_REFRESH for flag, _ in _pairs(args))


def nothing_selected(args: Sequence[str]) -> UsageError:
    """What to raise where a selection has selected nothing, which dbt only warns of."""
    return UsageError(
        "there is nothing to build: no model, snapshot, seed or test is selected",
        where=" ".join(args),
        remedy="`dbt ls` lists names; a selection that may be empty is for plain "
        "`dbt build`.",
    )


def shared(args: Sequence[str]) -> list[str]:
    """Those that every dbt command of a run takes alike: variables, target, profile."""
    return [
        part
        for flag, values in _pairs(args)
        if flag in _SHARED
        for part in (flag, *values)
    ]


def own(args: Sequence[str]) -> list[str]:
    """The rest: what only `dbt build` takes."""
    return [
        part
        for flag, values in _pairs(args)
        if flag not in _SHARED
        for part in ((flag, *values) if flag else values)
    ]


def freshness_selection(args: Sequence[str]) -> list[str]:
    """What `dbt source freshness` selects for these arguments of `dbt build`.

    A selection is widened to its ancestors, so that it holds the sources it reads:
    `--select fct_orders` becomes `--select +fct_orders`.
    """
    chosen = [v for flag, values in _pairs(args) if flag in _SELECT for v in values]
    return ["--select", *map(_with_ancestors, chosen)] if chosen else []


def _with_ancestors(selection: str) -> str:
    unions = (
        ",".join(_PARENTS.sub("", part) for part in union.split(","))
        for union in selection.split()
    )
    return " ".join(re.sub(r"(^|,)(?!@)", r"\1+", union) for union in unions)


def _pairs(args: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each flag with the values that follow it, `--flag=value` included."""
    flag, values = "", list[str]()
    for arg in args:
        if not arg.startswith("-") or arg == "-":
            values.append(arg)
            continue
        if flag or values:
            yield flag, values
        flag, has_value, value = arg.partition("=")
        values = [value] if has_value else []
    if flag or values:
        yield flag, values


def _check_environment(environ: Mapping[str, str]) -> None:
    for name, reason in _REFUSED_VARIABLES.items():
        for variable in (prefix + name for prefix in _OF_DBT):
            if environ.get(variable):
                raise UsageError(
                    f"{variable} cannot hold for a build that publishes: {reason}",
                    where="environment",
                    remedy=f"`unset {variable}`; give a selection as an argument.",
                )
