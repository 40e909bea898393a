"""YAML with the line of every value, so that an error can point at its cause."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import SpecError

Location = tuple[str | int, ...]
_MOST_BYTES = 1 << 20
_MOST_NODES = 200_000  # after aliases: few lines of them can stand for billions
_DEEPEST = 50


class Document:
    """A parsed YAML file that knows where each key and item stands."""

    def __init__(self, path: Path) -> None:
        """Parse `path`.

        Raises:
            SpecError: It cannot be read, is not YAML, is not a mapping, or says a key
                twice (YAML would silently keep the last).
        """
        self.path = path
        root = self._compose()
        self._lines: dict[Location, int] = {}
        self._nodes = 0
        self._walk(root, ())
        data = self._construct()
        if not isinstance(data, dict):
            raise SpecError(
                "a source spec is a mapping of keys to values",
                where=self.at(()),
                remedy="Start with `name: <source>`.",
            )
        self.data: dict[str, Any] = data

    def at(self, location: Sequence[str | int]) -> str:
        """`file:line` of a value, or of its nearest parent that exists in the file."""
        parts = tuple(location)
        while parts and parts not in self._lines:
            parts = parts[:-1]
        return f"{self.path}:{self._lines.get(parts, 1)}"

    def _compose(self) -> yaml.Node | None:
        try:
            self._text = self._read()
            return yaml.compose(self._text, Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.reader.ReaderError) as error:
            raise SpecError(
                f"the spec cannot be read ({error})",
                where=str(self.path),
                remedy="Make it a UTF-8 text file that you may read.",
            ) from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise SpecError(
                f"not valid YAML: {error.problem}",
                where=f"{self.path}:{line}",
                remedy="Check the indentation and quotes around this line.",
            ) from error
        except RecursionError as error:
            raise self._too_much("nested too deep") from error

    def _read(self) -> str:
        with self.path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise self._too_much(f"more than {_MOST_BYTES >> 20} MiB")
        return content.decode("utf-8-sig")

    def _too_much(self, what: str) -> SpecError:
        return SpecError(
            f"this is no source spec: {what}",
            where=f"{self.path}:1",
            remedy="Write it as in docs/how-to/add-a-source.md.",
        )

    def _construct(self) -> Any:
        try:
            return yaml.safe_load(self._text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise SpecError(
                f"not a plain value: {error.problem}",
                where=f"{self.path}:{mark.line + 1 if mark else 1}",
                remedy="Leave the tag out: a spec holds text, numbers, lists and keys.",
            ) from error
        except (ValueError, TypeError, RecursionError) as error:
            # Of a date such as 2026-13-45, which YAML takes for one without quotes.
            raise SpecError(
                f"a value is not what it looks like ({error})",
                where=f"{self.path}:1",
                remedy="Put dates, times and numbers that are texts in quotes.",
            ) from error

    def _walk(self, node: yaml.Node | None, location: Location) -> None:
        if node is None:
            return
        self._nodes += 1
        if self._nodes > _MOST_NODES or len(location) > _DEEPEST:
            raise self._too_much("its aliases make it too large, or it nests too deep")
        self._lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            self._check_text(node)
        for key, key_node, child in _children(node):
            inner = (*location, key)
            if inner in self._lines:
                raise SpecError(
                    f"{key!r} is said twice, first on line {self._lines[inner]}",
                    where=f"{self.path}:{key_node.start_mark.line + 1}",
                    remedy="Keep one of the two.",
                )
            self._lines[inner] = key_node.start_mark.line + 1
            self._walk(child, inner)

    def _check_text(self, node: yaml.ScalarNode) -> None:
        """Refuse what only an escape can put into YAML, and no path or SQL holds."""
        if re.search("[\0\ud800-\udfff]", node.value):
            raise SpecError(
                f"{node.value!a} holds a NUL or half of a character",
                where=f"{self.path}:{node.start_mark.line + 1}",
                remedy="Leave the escape out.",
            )


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value, value
