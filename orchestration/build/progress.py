"""What a build tells whoever watches it, while it runs."""

from typing import Protocol

from orchestration.build.artifacts import NodeResult


class Progress(Protocol):
    """Receives events, maybe from dbt's threads; it must be quick and never raise."""

    def step(self, what: str) -> None:
        """A stage begins: `freshness`, `dbt build` …"""

    def started(self, node_id: str) -> None:
        """dbt began a node."""

    def finished(self, node: NodeResult) -> None:
        """dbt ended a node; rows are filled in where a table was written."""


class Silent:
    """Nobody watches."""

    def step(self, what: str) -> None:
        """Say nothing."""

    def started(self, node_id: str) -> None:
        """Say nothing."""

    def finished(self, node: NodeResult) -> None:
        """Say nothing."""
