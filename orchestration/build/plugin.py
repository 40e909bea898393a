"""dbt-duckdb's way in: attach the branch, and offer the lake's verbs to the macros."""

import atexit
import logging
from typing import Any

import duckdb
from dbt.adapters.capability import Capability, CapabilitySupport, Support
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.build import guard
from orchestration.build.calls import Calls
from orchestration.errors import FirnError, NotFoundError, UsageError
from orchestration.lake import Lake
from orchestration.lake.process import ensure_catalog
from orchestration.lake.session import attach
from orchestration.lake.spill import spill_to
from orchestration.settings import MAIN, Settings

log = logging.getLogger(__name__)


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
            settings = Settings.load()
            self._check(settings.branch)
            _prepare(settings, refresh=not self._named)
            endpoint = ensure_catalog(settings)
            calls = Calls(endpoint, settings.branch)
            conn.create_function("firn_call", calls.answer, side_effects=True)
            spill_to(conn, settings)
            limits = guard.limits(settings) if self._guarded else None
            attach(conn, endpoint, settings.branch, within=limits)
        except FirnError as error:
            raise RuntimeError(str(error)) from error
        _close_when_done(calls)

    def _check(self, branch: str) -> None:
        if branch == MAIN:
            raise UsageError(
                "nothing builds on main: it moves by publications alone",
                where="FIRN_BRANCH",
                remedy="Name another branch, or use `firn build`, which publishes.",
            )
        if self._needs_branch and not self._named:
            raise UsageError(
                "this target builds on the branch of a run, and none is named",
                where="target prod",
                remedy="Use `firn run` or `firn build`, or set FIRN_BRANCH.",
            )


def _prepare(settings: Settings, *, refresh: bool) -> None:
    """Make the branch if it is missing; let a developer's own follow `main`."""
    lake = Lake.open(settings)
    try:
        lake.branch(settings.branch)
    except NotFoundError:
        lake.create_branch(settings.branch)
    else:
        if refresh and (moved := lake.refresh(settings.branch)):
            log.info("branch %s took %s tables of main", settings.branch, len(moved))
    finally:
        lake.close()


_last: list[Calls] = []


def _close_when_done(calls: Calls) -> None:
    """dbt tells plugins nothing of its end: the next start, or the process's end."""
    while _last:
        _last.pop().close()
    _last.append(calls)


@atexit.register
def _close_last() -> None:
    while _last:
        _last.pop().close()
