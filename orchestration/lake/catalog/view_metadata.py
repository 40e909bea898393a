"""View metadata, as Iceberg's view specification has it, and the updates to it.

It is kept as the JSON it is written as. The rules on ids (an equal schema or version
is used again, `-1` means the one added last) are those of Java's ViewMetadata.
"""

import json
import time
import uuid
from typing import Any

from pyiceberg.view.metadata import ViewMetadata

from orchestration.lake.catalog import errors
from orchestration.lake.catalog.updates import refusing
from orchestration.lake.model import TableId

Json = dict[str, Any]

_HISTORY = "version.history.num-entries"
_HISTORY_DEFAULT = 10


def first(view: TableId, request: Json, location: str) -> Json:
    """The metadata of a new view, from the request that creates it.

    Raises:
        CatalogError: 400, the request is malformed.
    """
    empty: Json = {
        "view-uuid": str(uuid.uuid4()),
        "format-version": 1,
        "location": location.rstrip("/"),
        "schemas": [],
        "current-version-id": -1,
        "versions": [],
        "version-log": [],
        "properties": request.get("properties") or {},
    }
    updates = [
        {"action": "add-schema", "schema": request.get("schema")},
        {"action": "add-view-version", "view-version": request.get("view-version")},
        {"action": "set-current-view-version", "view-version-id": -1},
    ]
    # The request's version names the request's schema, whatever id it gives it.
    version = request.get("view-version")
    if isinstance(version, dict):
        updates[1]["view-version"] = {**version, "schema-id": -1}
    return updated(view, empty, updates)


def parsed(content: bytes) -> Json:
    """The metadata in a file.

    Raises:
        CatalogError: 400, it is no metadata of a view.
    """
    try:
        ViewMetadata.model_validate(metadata := json.loads(content))
    except ValueError as error:
        raise errors.bad_request("this is no metadata of a view") from error
    return dict(metadata)


def check(view: TableId, metadata: Json, requirements: list[Json]) -> None:
    """409 unless every requirement holds."""
    for requirement in requirements:
        match requirement:
            case {"type": "assert-view-uuid", "uuid": wanted}:
                found = metadata["view-uuid"]
                if str(wanted).lower() != str(found).lower():
                    raise errors.commit_failed(
                        "Requirement failed: view UUID does not match: "
                        f"expected {found} != {wanted}"
                    )
            case _:
                raise errors.bad_request(f"unknown requirement on view {view}")


def updated(view: TableId, metadata: Json, updates: list[Json]) -> Json:
    """The metadata with the updates applied.

    Raises:
        CatalogError: 400, an update is unknown, malformed or refers to what is not
            there.
    """
    change = _Change(metadata)
    with refusing(f"malformed view {view}"):
        for update in updates:
            change.apply(update)
        result = change.finish()
        ViewMetadata.model_validate(result)
    return result


class _Change:
    """One view's metadata while a request is applied to it."""

    def __init__(self, metadata: Json) -> None:
        self._json: Json = {
            **metadata,
            "schemas": list(metadata["schemas"]),
            "versions": list(metadata["versions"]),
            "version-log": list(metadata["version-log"]),
            "properties": dict(metadata.get("properties") or {}),
        }
        self._last_schema: int | None = None
        self._last_version: int | None = None
        self._versions: dict[int, int] = {}

    def apply(self, update: Json) -> None:
        match update:
            case {"action": "assign-uuid", "uuid": given}:
                self._json["view-uuid"] = given
            case {"action": "upgrade-format-version", "format-version": 1}:
                pass
            case {"action": "set-location", "location": location}:
                self._json["location"] = location
            case {"action": "set-properties", "updates": values}:
                self._json["properties"].update(values)
            case {"action": "remove-properties", "removals": keys}:
                for key in keys:
                    self._json["properties"].pop(key, None)
            case {"action": "add-schema", "schema": schema}:
                self._last_schema = self._add("schemas", "schema-id", schema)
            case {"action": "add-view-version", "view-version": version}:
                self._add_version(version)
            case {"action": "set-current-view-version", "view-version-id": given}:
                self._set_current(given)
            case _:
                action = update.get("action")
                raise errors.bad_request(f"unknown update of a view: {action!r}")

    def finish(self) -> Json:
        """Forget the oldest versions, as many as the view's property says."""
        properties = self._json["properties"]
        try:
            keep = max(1, int(properties.get(_HISTORY, _HISTORY_DEFAULT)))
        except ValueError as error:
            raise errors.bad_request(f"{_HISTORY} is a whole number") from error
        current = self._json["current-version-id"]
        newest = sorted((v["version-id"] for v in self._json["versions"]), reverse=True)
        kept = {current, *[one for one in newest if one != current][: keep - 1]}
        self._json["versions"] = [
            version
            for version in self._json["versions"]
            if version["version-id"] in kept
        ]
        log = self._json["version-log"]
        start = max(
            (i + 1 for i, entry in enumerate(log) if entry["version-id"] not in kept),
            default=0,
        )
        self._json["version-log"] = log[start:]
        return self._json

    def _add(self, field: str, id_field: str, item: Json) -> int:
        known = self._json[field]
        same = [_without(item, id_field) == _without(one, id_field) for one in known]
        if any(same):
            return int(known[same.index(True)][id_field])
        new_id = max((one[id_field] + 1 for one in known), default=0)
        known.append({**item, id_field: new_id})
        return new_id

    def _add_version(self, version: Json) -> None:
        given = version["version-id"]
        schema_id = version["schema-id"]
        if schema_id == -1 and self._last_schema is not None:
            schema_id = self._last_schema
        if schema_id not in [one["schema-id"] for one in self._json["schemas"]]:
            raise errors.illegal_argument(
                f"Cannot add version with unknown schema: {schema_id}"
            )
        dialects = [one["dialect"].lower() for one in version["representations"]]
        for dialect in dialects:
            if dialects.count(dialect) > 1:
                raise errors.illegal_argument(
                    "Invalid view version: Cannot add multiple queries for dialect "
                    f"{dialect}"
                )
        wanted = {**version, "schema-id": schema_id}
        known = self._json["versions"]
        content = _without(wanted, "version-id", "timestamp-ms")
        for one in known:
            if _without(one, "version-id", "timestamp-ms") == content:
                new_id = one["version-id"]
                break
        else:
            new_id = max([given, *(one["version-id"] + 1 for one in known)])
            known.append({**wanted, "version-id": new_id})
        self._last_version = self._versions[given] = new_id

    def _set_current(self, given: int) -> None:
        if given == -1 and self._last_version is not None:
            new_id = self._last_version
        else:
            new_id = self._versions.get(given, given)
        found = [v for v in self._json["versions"] if v["version-id"] == new_id]
        if not found:
            raise errors.illegal_argument(
                f"Cannot set current version to unknown version: {new_id}"
            )
        if self._json["current-version-id"] == new_id:
            return
        self._json["current-version-id"] = new_id
        is_new = new_id in self._versions.values()
        moment = found[0]["timestamp-ms"] if is_new else int(time.time() * 1000)
        self._json["version-log"].append({"timestamp-ms": moment, "version-id": new_id})


def _without(item: Json, *keys: str) -> Json:
    return {key: value for key, value in item.items() if key not in keys}
