"""Read source specs from disk; say what is wrong with them, where, and the remedy."""

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from orchestration.errors import NotFoundError, SpecError, UsageError
from orchestration.ingestion.spec import (
    Column,
    CsvOptions,
    Freshness,
    Period,
    Schedule,
    Source,
    Table,
)
from orchestration.ingestion.yaml_lines import Document
from orchestration.settings import Settings

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


def load_sources(settings: Settings, names: Sequence[str] = ()) -> list[Source]:
    """The sources of the project by name, or only those named.

    Raises:
        NotFoundError: No spec has that name.
        SpecError: A spec is invalid.
        UsageError: `FIRN_SOURCES` names a folder that does not exist.
    """
    if os.environ.get("FIRN_SOURCES") and not settings.sources_dir.is_dir():
        raise UsageError(
            f"its folder {settings.sources_dir} does not exist",
            where="FIRN_SOURCES",
            remedy="Correct the variable, or unset it.",
        )
    paths = {path.stem: path for path in sorted(settings.sources_dir.glob("*.yml"))}
    for name in names:
        if name not in paths:
            near = difflib.get_close_matches(name, paths, n=1)
            raise NotFoundError(
                f"there is no source {name!r}",
                where=str(settings.sources_dir),
                remedy=f"Did you mean {near[0]!r}?"
                if near
                else f"Create one: firn ingest --new-source {name} --from <folder>",
            )
    return [load_source(paths[name]) for name in dict.fromkeys(names or paths)]


def load_source(path: Path) -> Source:
    """One validated spec.

    Raises:
        SpecError: With `file:line` of the first error and its remedy; further errors
            follow in the message.
    """
    document = Document(path)
    try:
        source = Source.model_validate(document.data)
    except ValidationError as error:
        raise _as_spec_error(document, error) from None
    if source.name != path.stem:
        raise SpecError(
            f"the source is called {source.name!r} but its file {path.name!r}",
            where=document.at(("name",)),
            remedy=f"Rename the file to {source.name}.yml, or the source.",
        )
    return source


def expand(text: str, *, source: str, environ: Mapping[str, str] = os.environ) -> str:
    """Put environment variables into a path: `${LANDING:-landing}/shop`.

    Raises:
        SpecError: A variable is not set and has no default.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        found = environ.get(name) or default
        if found is None:
            raise SpecError(
                f"its path needs the environment variable {name}, which is not set",
                where=f"source {source}",
                remedy=f"Set {name}, or give a default: ${{{name}:-folder}}.",
            )
        return found

    return _VARIABLE.sub(value, text)


def variables(text: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a path has from the environment: `${NAME}` by the value it has now."""
    names = (match["name"] for match in _VARIABLE.finditer(text))
    return {environ[name]: f"${{{name}}}" for name in names if environ.get(name)}


def _as_spec_error(document: Document, error: ValidationError) -> SpecError:
    # pydantic counts an invalid item as absent: that is no error of its own.
    found = [
        _explain(document, details)
        for details in error.errors()
        if not (details["type"] == "too_short" and details["input"])
    ]
    found.sort(key=lambda item: int(item[0].rpartition(":")[2]))
    where, what, remedy = found[0]
    for other_where, other_what, other_remedy in found[1:]:
        remedy += f"\n{other_where}: {other_what}. {other_remedy}"
    return SpecError(what, where=where, remedy=remedy)


def _explain(document: Document, details: ErrorDetails) -> tuple[str, str, str]:
    location = details["loc"]
    where = document.at(location)
    key = str(location[-1]) if location else ""
    match details["type"]:
        case "extra_forbidden":
            known = _keys_at(location[:-1])
            near = difflib.get_close_matches(key, known, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else ""
            return (
                where,
                f"unknown key {key!r}",
                remedy or f"Known: {', '.join(known)}.",
            )
        case "missing":
            return where, f"{key!r} is missing", f"Add `{key}: …` here."
        case "literal_error":
            expected = str(details.get("ctx", {}).get("expected", ""))
            given = _given(details["input"])
            near = difflib.get_close_matches(given, re.findall(r"'(.*?)'", expected), 1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            return where, f"{key} cannot be {given!r}", f"{hint}Use {expected}."
        case "value_error":
            return where, str(details["ctx"]["error"]), "Correct this line."
        case _ if details["input"] is None:
            return where, f"{key!r} has no value", "Give it one, or leave the key out."
        case _:
            given = _given(details["input"], repr)
            return where, f"{key}: {details['msg']}", f"It is {given[:60]} now."


def _given(value: object, show: Callable[[object], str] = str) -> str:
    try:
        return show(value)
    except ValueError:  # `0xff…` may be a number of more digits than Python shows
        return "a number of very many digits"


def _keys_at(location: Sequence[Any]) -> list[str]:
    """The keys that are allowed at a place, as they are written in the file."""
    model: type[BaseModel] = Source
    for part in location:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        model = _MODELS.get(part, model) if field is not None else model
    return [field.alias or name for name, field in model.model_fields.items()]


_MODELS: dict[str, type[BaseModel]] = {
    "csv": CsvOptions,
    "tables": Table,
    "columns": Column,
    "freshness": Freshness,
    "warn_after": Period,
    "error_after": Period,
    "schedule": Schedule,
    "patience": Period,
}
