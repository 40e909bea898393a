"""Firn's way into dbt-spark, which has no plugins of its own.

dbt imports every installed package whose name begins with `dbt_`, when it has read the
profile and before it connects. On DuckDB the profile names a plugin instead.
"""

import sys

from dbt.plugins.manager import dbtPlugin


class FirnPlugin(dbtPlugin):
    """Prepares dbt-spark, where the profile has loaded it."""

    def initialize(self) -> None:
        """Do nothing for other adapters: a build on DuckDB shall not wait for Spark."""
        if "dbt.adapters.spark" in sys.modules:
            from orchestration.build.spark import hook  # noqa: PLC0415

            hook.install()


plugins = [FirnPlugin]
