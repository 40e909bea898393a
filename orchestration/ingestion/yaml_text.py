"""Write YAML as this project writes it by hand: short mappings on one line."""

from collections.abc import Mapping
from typing import Any

import yaml


class Flow(dict[str, Any]):
    """A mapping that is written on one line: `{count: 2, period: day}`."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent lists within mappings; PyYAML by itself does not."""
        super().increase_indent(flow, False)


def _flow(dumper: yaml.SafeDumper, value: Flow) -> yaml.Node:
    return dumper.represent_mapping(
        "tag:yaml.org,2002:map", value.items(), flow_style=True
    )


def _short_list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    is_short = all(isinstance(item, str) for item in value)
    return dumper.represent_sequence(
        "tag:yaml.org,2002:seq", value, flow_style=is_short
    )


_Dumper.add_representer(Flow, _flow)
_Dumper.add_representer(list, _short_list)


def dump(value: Mapping[str, Any]) -> str:
    """The mapping as YAML, keys in their order."""
    return yaml.dump(
        dict(value), Dumper=_Dumper, sort_keys=False, width=88, allow_unicode=True
    )
