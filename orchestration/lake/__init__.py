"""The door to the lake: its catalog, branches and publications."""

from orchestration.lake.lake import Lake
from orchestration.lake.model import (
    Branch,
    Pointer,
    Provenance,
    Publication,
    TableChange,
    TableId,
)

__all__ = [
    "Branch",
    "Lake",
    "Pointer",
    "Provenance",
    "Publication",
    "TableChange",
    "TableId",
]
