"""The door to the lake: its catalog, branches and publications."""

from typing import TYPE_CHECKING, Any

from orchestration.lake.model import (
    Branch,
    Pointer,
    Provenance,
    Publication,
    TableChange,
    TableId,
)

if TYPE_CHECKING:
    from orchestration.lake.lake import Lake

__all__ = [
    "Branch",
    "Lake",
    "Pointer",
    "Provenance",
    "Publication",
    "TableChange",
    "TableId",
]


def __getattr__(name: str) -> Any:
    # `Lake` brings SQLAlchemy. A dbt process that only attaches to the catalog does
    # not need it, and would wait 0.2 s for its import.
    if name == "Lake":
        from orchestration.lake.lake import Lake  # noqa: PLC0415

        return Lake
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
