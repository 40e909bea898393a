"""Upstream's classes as tests: pytest collects what is named Test…, once an engine."""

import re
from collections.abc import Mapping
from typing import Any

from orchestration.tests.conformance.engines import DUCKDB, Engine

_SCHEMA = re.compile(r"(?<!\.)\{\{\s*(?:this|target)\.schema\s*\}\}\.")
_DATABASE = re.compile(r"\{\{\s*target\.database\s*\}\}\.")


def collect(
    module: dict[str, Any], *upstream: type, changed: Mapping[str, str] | None = None
) -> None:
    """Let a test module run upstream's classes as they are, or with some texts changed.

    Those that need more are subclassed in the module by hand.

    Args:
        changed: Words in files and configs of these classes' projects → what they are
            here. A class that is written by hand has an attribute of that name.
    """
    for base in upstream:
        name = "Test" + base.__name__.removeprefix("Base").removeprefix("Test")
        assert name not in module, f"{name} is there twice"
        content = {"__module__": module["__name__"], "__doc__": base.__doc__}
        module[name] = type(name, (base,), {**content, "changed": changed or {}})


def rewritten(content: Any, owner: type, engine: Engine) -> Any:
    """A project's files or config, with a class's changes in every text of it.

    Where a text names a table by schema alone, it is what a table's address is here.
    """
    changes: dict[str, str] = {
        **getattr(owner, "changed", {}),
        **getattr(owner, f"changed_on_{engine}", {}),
    }
    if isinstance(content, Mapping):
        return {
            rewritten(k, owner, engine): rewritten(v, owner, engine)
            for k, v in content.items()
        }
    if isinstance(content, list):
        return [rewritten(one, owner, engine) for one in content]
    if isinstance(content, str):
        for old, new in changes.items():
            content = content.replace(old, new)
        return _addressed(content, engine)
    return content


def _addressed(sql: str, engine: Engine) -> str:
    """On DuckDB, a schema alone is one in memory; on Spark, there are no databases."""
    if engine is DUCKDB:
        return _SCHEMA.sub(r"lake.\g<0>", sql)
    return _DATABASE.sub("", sql)
