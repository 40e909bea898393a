"""SQL over the parts of a list, struct or map: build each from JSON, judge each.

DuckDB's own casts of nested values round in silence (`1.5` in a `bigint[]` is 2), pass
over keys that have no place, and stop at a map's second equal key. So a nested value is
taken apart here, and every leaf is cast and judged as a column of its own would be.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from duckdb.sqltypes import DuckDBPyType

from orchestration.lake.types import literal, quote

# (type, text) → the value as SQL, and a condition that is true where it does not fit.
Leaf = Callable[[str, str], tuple[str, str | None]]


@dataclass(frozen=True)
class Part:
    """A value as SQL, and a condition (never NULL) that is true where it misfits."""

    value: str
    misfit: str


def pointer(key: str) -> str:
    """A key as a JSON pointer (RFC 6901): paths with `$` give `*` a meaning."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def repeats_a_key(document: str) -> str:
    """A condition: the object has a key twice, and readers differ in which one wins."""
    keys = f"json_keys({document})"
    return f"coalesce(len({keys}) > list_unique({keys}), false)"


def from_json(type_: DuckDBPyType, json: str, leaf: Leaf, depth: int = 0) -> Part:
    """A part of a JSON value: `json` is SQL of DuckDB's type JSON."""
    if type_.id == "list":
        return _list(type_, json, leaf, depth)
    if type_.id == "struct":
        return _struct(type_, json, leaf, depth)
    if type_.id == "map":
        return _map(type_, json, leaf, depth)
    value, misfit = leaf(_name(type_), f"({json}->>'$')")
    return Part(value, f"coalesce({misfit}, false)" if misfit else "false")


def outside(type_: DuckDBPyType, value: str, leaf: Leaf, depth: int = 0) -> str | None:
    """Where a part of a typed value is out of its range; None where none has one."""
    item = f"p{depth}"
    if type_.id == "list":
        inner = outside(_child(type_, 0), item, leaf, depth + 1)
        return inner and _any(value, item, inner)
    if type_.id == "map":
        both = ((0, f"map_keys({value})"), (1, f"map_values({value})"))
        found = [
            _any(listed, item, inner)
            for number, listed in both
            if (inner := outside(_child(type_, number), item, leaf, depth + 1))
        ]
        return " or ".join(found) or None
    if type_.id == "struct":
        fields = [
            inner
            for name, child in _fields(type_)
            if (inner := outside(child, _field(value, name), leaf, depth))
        ]
        return " or ".join(fields) or None
    return leaf(_name(type_), value)[1]


def _list(type_: DuckDBPyType, json: str, leaf: Leaf, depth: int) -> Part:
    item = f"p{depth}"
    part = from_json(_child(type_, 0), item, leaf, depth + 1)
    items = f"try_cast({json} as json[])"
    value = (
        f"case when json_type({json}) = 'ARRAY' then "
        f"list_transform({items}, lambda {item}: {part.value}) end"
    )
    return Part(value, _wrong(json, "ARRAY", [_any(items, item, part.misfit)]))


def _struct(type_: DuckDBPyType, json: str, leaf: Leaf, depth: int) -> Part:
    parts = {
        name: from_json(child, f"({json}->{literal(pointer(name))})", leaf, depth)
        for name, child in _fields(type_)
    }
    packed = ", ".join(f"{quote(name)} := {part.value}" for name, part in parts.items())
    value = f"case when json_type({json}) = 'OBJECT' then struct_pack({packed}) end"
    names = ", ".join(map(literal, parts))
    unknown = _any(f"json_keys({json})", f"p{depth}", f"p{depth} not in ({names})")
    misfits = [part.misfit for part in parts.values()]
    return Part(value, _wrong(json, "OBJECT", [unknown, repeats_a_key(json), *misfits]))


def _map(type_: DuckDBPyType, json: str, leaf: Leaf, depth: int) -> Part:
    key = f"k{depth}"
    at = f"'/' || replace(replace({key}, '~', '~0'), '/', '~1')"
    inner = from_json(_child(type_, 1), f"json_extract({json}, {at})", leaf, depth + 1)
    key_value, key_misfit = leaf(_name(_child(type_, 0)), key)
    keys = f"json_keys({json})"
    values = f"list_transform({keys}, lambda {key}: {key_value})"
    # Keys that are equal as values, such as "1" and "01", or that are none.
    clash = f"coalesce(list_unique({values}) < len({keys}), false)"
    entries = (
        f"list_transform({keys}, lambda {key}: {{k: {key_value}, v: {inner.value}}})"
    )
    value = (
        f"case when json_type({json}) = 'OBJECT' and not {clash} "
        f"then map_from_entries({entries}) end"
    )
    misfits = [clash, _any(keys, key, inner.misfit)]
    misfits += [_any(keys, key, key_misfit)] if key_misfit else []
    return Part(value, _wrong(json, "OBJECT", misfits))


def _wrong(json: str, kind: str, misfits: Sequence[str]) -> str:
    found = " or ".join(dict.fromkeys(misfits))
    return (
        f"(coalesce(json_type({json}), 'NULL') <> 'NULL' and "
        f"(json_type({json}) <> '{kind}' or {found}))"
    )


def _any(listed: str, item: str, condition: str) -> str:
    if condition == "false":
        return "false"
    return (
        f"coalesce(len(list_filter({listed}, lambda {item}: {condition})) > 0, false)"
    )


def _field(value: str, name: str) -> str:
    return f"struct_extract({value}, {literal(name)})"


def _fields(type_: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    found = []
    for name, child in type_.children:
        assert isinstance(child, DuckDBPyType)
        found.append((name, child))
    return found


def _child(type_: DuckDBPyType, number: int) -> DuckDBPyType:
    return _fields(type_)[number][1]


def _name(type_: DuckDBPyType) -> str:
    return str(type_).lower()
