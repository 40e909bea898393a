"""dbt-duckdb's way in: attach the branch, and offer the lake's verbs to the macros."""

from typing import Any

import duckdb
from dbt.adapters.capability import Capability, CapabilitySupport, Support
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.build import guard
from orchestration.build.calls import Calls
from orchestration.build.way_in import close_when_done, open_branch
from orchestration.errors import FirnError
from orchestration.lake.session import attach
from orchestration.lake.spill import spill_to


class Plugin(BasePlugin):
    """Named in the profile. Its config, besides what tells one lake from another:

    `needs_branch`: refuse to run unless FIRN_BRANCH names the branch to build on; and
    hold models to the lake, as `firn run` and `firn build` do whatever the target.
    `python_models`: let such builds run Python models, which nothing can confine.
    """

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Keep the config; nothing is opened before dbt opens a connection."""
        self._needs_branch = bool(plugin_config.get("needs_branch"))
        self._named = bool(plugin_config.get("branch"))
        self._guarded = self._needs_branch or guard.is_asked_for()
        guard.install(
            guarded=self._guarded, python=bool(plugin_config.get("python_models"))
        )
        # Batches of a microbatch model replace ranges of one table: one at a time.
        DuckDBAdapter._capabilities[Capability.MicrobatchConcurrency] = (  # noqa: SLF001
            CapabilitySupport(support=Support.Unsupported)
        )

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach the branch as `lake` and register `firn_call`.

        Raises:
            RuntimeError: What dbt turns into a failed connection, with our message.
        """
        try:
            way_in = open_branch(named=self._named, needs_branch=self._needs_branch)
            settings, endpoint = way_in.settings, way_in.endpoint
            calls = Calls(endpoint, settings.branch)
            conn.create_function("firn_call", calls.answer, side_effects=True)
            spill_to(conn, settings)
            limits = guard.limits(settings) if self._guarded else None
            attach(conn, endpoint, settings.branch, within=limits)
        except FirnError as error:
            raise RuntimeError(str(error)) from error
        close_when_done(calls)
