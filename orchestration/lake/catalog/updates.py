"""Applies a commit's requirements and updates to a table's metadata.

pyiceberg does the work. Before it, updates are brought into the form that Java's
catalogs give them, because engines rely on it: a schema, spec or sort order that is
there already is used again, another one gets an id of its own, and `-1` means the one
added last.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil, TableMetadataV1
from pyiceberg.table.update import (
    AddPartitionSpecUpdate,
    AddSchemaUpdate,
    AddSnapshotUpdate,
    AddSortOrderUpdate,
    AssertCreate,
    AssignUUIDUpdate,
    RemovePropertiesUpdate,
    SetCurrentSchemaUpdate,
    SetDefaultSortOrderUpdate,
    SetDefaultSpecUpdate,
    SetLocationUpdate,
    TableRequirement,
    TableUpdate,
    UpgradeFormatVersionUpdate,
    update_table_metadata,
)

from orchestration.errors import FirnError
from orchestration.lake.catalog import errors
from orchestration.lake.model import TableId

_UPDATES: TypeAdapter[list[TableUpdate]] = TypeAdapter(list[TableUpdate])
_REQUIREMENTS: TypeAdapter[list[TableRequirement]] = TypeAdapter(list[TableRequirement])
_FORMAT = UpgradeFormatVersionUpdate.model_validate({"format-version": 2})

# What pyiceberg says of a requirement that fails, and what clients look for.
_JAVA_WORDS = (
    ("Table UUID does", "Requirement failed: UUID does"),
    ("current schema id has changed", "current schema changed"),
    ("default spec id has changed", "default partition spec changed"),
    ("default sort order id has changed", "default sort order changed"),
    ("id has changed", "id changed"),
)


class Commit:
    """One table's part of a request, checked for its form.

    Raises:
        CatalogError: 400, an update or requirement that is unknown or malformed.
    """

    def __init__(self, table: TableId, requirements: Any, updates: Any) -> None:
        self.table = table
        with refusing(f"malformed commit to {table}"):
            self.requirements = _REQUIREMENTS.validate_python(requirements or [])
            self.updates = _UPDATES.validate_python(updates or [])

    @property
    def creates(self) -> bool:
        """Whether the table is to come into being by this commit."""
        return any(isinstance(one, AssertCreate) for one in self.requirements)

    def apply(
        self,
        base: TableMetadata | None,
        *,
        base_location: str | None,
        new_location: str,
    ) -> TableMetadata:
        """The metadata that follows `base`, or the first, at `new_location`.

        Raises:
            CatalogError: 404 no such table, 409 a requirement does not hold, 400 an
                update that cannot be applied.
        """
        if base is not None and self.creates:
            raise errors.commit_failed("Requirement failed: table already exists")
        if base is None and not self.creates:
            raise errors.no_such_table(self.table)
        self._check(base)
        with refusing(f"cannot update {self.table}"):
            if base is None:
                return _first(self.updates, new_location)
            return update_table_metadata(
                base,
                tuple(_normalized(self.updates, base)),
                metadata_location=base_location,
            )

    def is_in(self, base: TableMetadata) -> bool:
        """Whether the table has this commit already.

        A client that lost the answer sends its commit again, DuckDB by itself. It is
        told by what it brings: each snapshot has an id and a manifest list of its own,
        each new table an id. A commit without either is not recognized.
        """
        known = {one.snapshot_id: one.manifest_list for one in base.snapshots}
        brought = [
            known.get(one.snapshot.snapshot_id) == one.snapshot.manifest_list
            for one in self.updates
            if isinstance(one, AddSnapshotUpdate)
        ]
        if self.creates:
            brought += [
                one.uuid == base.table_uuid
                for one in self.updates
                if isinstance(one, AssignUUIDUpdate)
            ]
        return bool(brought) and all(brought)

    def _check(self, base: TableMetadata | None) -> None:
        for requirement in self.requirements:
            try:
                requirement.validate(base)
            except CommitFailedException as error:
                raise errors.commit_failed(
                    _in_java_words(errors.without_locations(error))
                ) from error


def _in_java_words(message: str) -> str:
    for ours, theirs in _JAVA_WORDS:
        message = message.replace(ours, theirs)
    return message


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Answer 400 where a request makes a library fail, before anything is done.

    pyiceberg expects well-formed requests, and fails on others in every way there is.
    """
    try:
        yield
    except FirnError:
        raise
    except ValidationError as error:  # without the values of the request
        reasons = (
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)[:3]
        )
        said = errors.without_locations("; ".join(reasons))
        raise errors.bad_request(f"{what}: {said}") from error
    except Exception as error:
        said = errors.without_locations(error)
        raise errors.bad_request(f"{what}: {said}") from error


def _first(updates: Sequence[TableUpdate], location: str) -> TableMetadata:
    empty = TableMetadataV1.model_construct(last_column_id=-1, schema=Schema())
    ordered = list(updates)
    if not any(isinstance(one, UpgradeFormatVersionUpdate) for one in ordered):
        ordered.insert(0, _FORMAT)
    if not any(isinstance(one, SetLocationUpdate) for one in ordered):
        ordered.append(SetLocationUpdate(location=location))
    built = update_table_metadata(empty, tuple(ordered))
    return TableMetadataUtil.parse_obj(built.model_dump())


def _normalized(
    updates: Iterable[TableUpdate], base: TableMetadata
) -> Iterable[TableUpdate]:
    schemas = _Numbered({one.schema_id: one for one in base.schemas})
    specs = _Numbered({one.spec_id: one for one in base.partition_specs})
    orders = _Numbered({one.order_id: one for one in base.sort_orders})
    # Which field of an update holds the thing (or its id), and the thing's own id.
    added: dict[type[Any], tuple[_Numbered, str, str]] = {
        AddSchemaUpdate: (schemas, "schema_", "schema_id"),
        AddPartitionSpecUpdate: (specs, "spec", "spec_id"),
        AddSortOrderUpdate: (orders, "sort_order", "order_id"),
    }
    chosen: dict[type[Any], tuple[_Numbered, str]] = {
        SetCurrentSchemaUpdate: (schemas, "schema_id"),
        SetDefaultSpecUpdate: (specs, "spec_id"),
        SetDefaultSortOrderUpdate: (orders, "sort_order_id"),
    }
    for update in updates:
        if found := added.get(type(update)):
            numbered, field, id_field = found
            item = numbered.add(getattr(update, field), id_field)
            if item is not None:
                yield update.model_copy(update={field: item})
        elif known := chosen.get(type(update)):
            numbered, field = known
            meant = numbered.resolve(getattr(update, field))
            yield update.model_copy(update={field: meant})
        elif isinstance(update, RemovePropertiesUpdate):
            present = [key for key in update.removals if key in base.properties]
            yield update.model_copy(update={"removals": present})
        else:
            yield update


class _Numbered:
    """Things of one kind by id: what a table has, and what a commit adds to it."""

    def __init__(self, known: dict[int, Any]) -> None:
        self._known = known
        self._last: int | None = None
        self._given: dict[int, int] = {}

    def add(self, item: Any, id_field: str) -> Any | None:
        """The item under the id it gets, or None where an equal one is known."""
        given = getattr(item, id_field)
        for known_id, known in self._known.items():
            if known.model_copy(update={id_field: given}) == item:
                self._last = self._given[given] = known_id
                return None
        new_id = given if given not in self._known else max(self._known) + 1
        added = item.model_copy(update={id_field: new_id})
        self._known[new_id] = added
        self._last = self._given[given] = new_id
        return added

    def resolve(self, given: int) -> int:
        """The id that a client means: -1 is the last added, others may have moved."""
        if given == -1 and self._last is not None:
            return self._last
        return self._given.get(given, given)
