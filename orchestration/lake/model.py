"""The values that the lake's verbs take and return."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["TABLE", "VIEW"]

# Tables with this in their name are being built. They are never published.
TEMPORARY = "__firn_tmp_"


@dataclass(frozen=True, order=True)
class TableId:
    """A table or view: `namespace` may hold dots, `name` may hold anything."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}"

    @classmethod
    def parse(cls, text: str) -> "TableId":
        """Split `marts.fct_orders` at its last dot."""
        namespace, _, name = text.rpartition(".")
        return cls(namespace, name)


@dataclass(frozen=True)
class Pointer:
    """What a branch holds for one table: the file of its current metadata."""

    kind: Kind
    metadata_location: str


@dataclass(frozen=True)
class Branch:
    """A named set of pointers. `base` is what it was forked from; times are UTC."""

    name: str
    base: str | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class TableChange:
    """One table whose pointer moves; `old` is None when added, `new` when removed."""

    table: TableId
    kind: Kind
    old: str | None
    new: str | None

    @property
    def change(self) -> Literal["added", "changed", "removed"]:
        """The direction of the move, as a word for people."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Why a publication exists: recorded in the transaction that publishes.

    `inputs` maps the raw tables that were read (`raw.shop__orders`) to the snapshot
    id each had at the fork. `fingerprint` identifies the project's code.
    """

    who: str
    git_commit: str | None = None
    dbt_invocation: str | None = None
    fingerprint: str | None = None
    inputs: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Publication:
    """One atomic move of `main`. Ids grow by time; `published_at` is UTC."""

    id: int
    kind: Literal["publish", "rollback"]
    branch: str
    published_at: datetime
    provenance: Provenance
    changes: tuple[TableChange, ...]
    reverts: int | None = None

    @property
    def cleaned(self) -> bool:
        """Whether clean-up took its pointers: it cannot be read or undone any more."""
        return any("" in (change.old, change.new) for change in self.changes)
