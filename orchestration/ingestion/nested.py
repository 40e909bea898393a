# ruff: noqa: S608 - names and texts in SQL pass through `quote` and `literal`
"""SQL over the parts of a list, struct or map: build each from JSON, judge each.

DuckDB's own casts of nested values round in silence (`1.5` in a `bigint[]` is 2), pass
over keys that have no place, and stop at a map's second equal key. So a nested value is
taken apart here, and every leaf is cast and judged as a column of its own would be.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from duckdb.sqltypes import DuckDBPyType

from orchestration.lake.types import literal, quote

# (type, text) → the value as SQL, and a condition that is true where it does not fit.
Leaf = Callable[[str, str], tuple[str, str | None]]


class Hoist(dict[str, str]):
    """Expressions that are computed once a row, with the column that each becomes.

    DuckDB computes what stands twice within a `case` twice; a column, it does not.
    """

    def __missing__(self, sql: str) -> str:
        self[sql] = name = f"h{len(self)}"
        return name

    def select(self, relation: str) -> str:
        """The relation with the columns beside its own."""
        columns = "".join(f", {sql} as {name}" for sql, name in self.items())
        return f"(select *{columns} from {relation})"


@dataclass(frozen=True)
class At:
    """A place in a JSON value: `base` is SQL of the type JSON, `path` a pointer in it.

    `hoist` is None within a lambda, whose variable no column can hold.
    """

    base: str
    path: str = ""
    hoist: Hoist | None = None

    @property
    def json(self) -> str:
        """What is there, as JSON."""
        if not self.path:
            return self.base
        return self.once(f"({self.base}->{literal(self.path)})")

    @property
    def text(self) -> str:
        """What is there, as text; NULL for JSON's null, too."""
        return self.once(f"({self.base}->>{literal(self.path or '$')})")

    def call(self, function: str) -> str:
        """One of DuckDB's functions of what is there."""
        path = f", {literal(self.path)}" if self.path else ""
        return self.once(f"{function}({self.base}{path})")

    def key(self, name: str) -> "At":
        """The place of a key."""
        return replace(self, path=self.path + pointer(name))

    def once(self, sql: str) -> str:
        """An expression of what is there, computed once where that can be."""
        return sql if self.hoist is None else self.hoist[sql]


@dataclass(frozen=True)
class Part:
    """A value as SQL, and a condition (never NULL) that is true where it misfits."""

    value: str
    misfit: str


def pointer(key: str) -> str:
    """A key as a JSON pointer (RFC 6901): paths with `$` give `*` a meaning."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def from_json(type_: DuckDBPyType, at: At, leaf: Leaf, depth: int = 0) -> Part:
    """A part of a JSON value as a type, at every depth."""
    if type_.id == "list":
        return _list(type_, at, leaf, depth)
    if type_.id == "struct":
        return _struct(type_, at, leaf, depth)
    if type_.id == "map":
        return _map(type_, at, leaf, depth)
    value, misfit = leaf(_name(type_), at.text)
    return Part(value, f"coalesce({misfit}, false)" if misfit else "false")


def outside(type_: DuckDBPyType, value: str, leaf: Leaf, depth: int = 0) -> str | None:
    """Where a part of a typed value is out of its range; None where none has one.

    A map that has a key twice, which Parquet allows, can be written but not read again.
    """
    item = f"p{depth}"
    if type_.id == "list":
        inner = outside(_child(type_, 0), item, leaf, depth + 1)
        return inner and _any(value, item, inner)
    if type_.id == "map":
        keys = f"map_keys({value})"
        found = [f"coalesce(len({keys}) > list_unique({keys}), false)"]
        found += [
            _any(listed, item, inner)
            for number, listed in enumerate((keys, f"map_values({value})"))
            if (inner := outside(_child(type_, number), item, leaf, depth + 1))
        ]
        return " or ".join(found)
    if type_.id == "struct":
        fields = [
            inner
            for name, child in _fields(type_)
            if (inner := outside(child, _field(value, name), leaf, depth))
        ]
        return " or ".join(fields) or None
    return leaf(_name(type_), value)[1]


def _list(type_: DuckDBPyType, at: At, leaf: Leaf, depth: int) -> Part:
    item = f"p{depth}"
    part = from_json(_child(type_, 0), At(item), leaf, depth + 1)
    items = at.once(f"try_cast({at.json} as json[])")
    value = f"list_transform({items}, lambda {item}: {part.value})"
    return _kind(at, "ARRAY", value, [_any(items, item, part.misfit)])


def _struct(type_: DuckDBPyType, at: At, leaf: Leaf, depth: int) -> Part:
    fields = _fields(type_)
    parts = [from_json(child, at.key(name), leaf, depth) for name, child in fields]
    packed = ", ".join(
        f"{quote(name)} := {part.value}"
        for (name, _), part in zip(fields, parts, strict=True)
    )
    # As many keys as the type's fields are there: none is twice, none has no place.
    there = " + ".join(f"{at.key(name).call('json_exists')}::int" for name, _ in fields)
    other = f"coalesce(len({at.call('json_keys')}) <> {there}, false)"
    misfits = [other, *(part.misfit for part in parts)]
    return _kind(at, "OBJECT", f"struct_pack({packed})", misfits)


def _map(type_: DuckDBPyType, at: At, leaf: Leaf, depth: int) -> Part:
    key, item = f"k{depth}", f"p{depth}"
    path = f"'/' || replace(replace({key}, '~', '~0'), '/', '~1')"
    part = from_json(_child(type_, 1), At(item), leaf, depth + 1)
    key_value, key_misfit = leaf(_name(_child(type_, 0)), key)
    keys = at.call("json_keys")
    typed = at.once(f"list_transform({keys}, lambda {key}: {key_value})")
    items = at.once(
        f"list_transform({keys}, lambda {key}: json_extract({at.json}, {path}))"
    )
    # Keys that are equal as values, such as "1" and "01", or that are none.
    clash = at.once(f"coalesce(list_unique({typed}) < len({keys}), false)")
    values = f"list_transform({items}, lambda {item}: {part.value})"
    value = f"case when not {clash} then map({typed}, {values}) end"
    misfits = [clash, _any(items, item, part.misfit)]
    misfits += [_any(keys, key, key_misfit)] if key_misfit else []
    return _kind(at, "OBJECT", value, misfits)


def _kind(at: At, kind: str, value: str, misfits: Sequence[str]) -> Part:
    type_ = at.call("json_type")
    wrong = " or ".join(dict.fromkeys(misfits))
    return Part(
        f"case when {type_} = '{kind}' then {value} end",
        f"case coalesce({type_}, 'NULL') when 'NULL' then false "
        f"when '{kind}' then {wrong} else true end",
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
