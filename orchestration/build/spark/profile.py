"""Spark's settings, as the profile has them."""

from collections.abc import Mapping

from dbt.config.profile import Profile, read_profile
from dbt.config.renderer import ProfileRenderer
from dbt_common.clients.system import get_env
from dbt_common.context import set_invocation_context
from dbt_common.exceptions import DbtBaseException

from orchestration.build import project
from orchestration.errors import UsageError
from orchestration.settings import Settings

PREFIX = "firn."  # of our own settings among Spark's


def sparks_own(given: Mapping[str, str]) -> dict[str, str]:
    """Those of a target's `server_side_parameters` that are for Spark."""
    conf = {k: v for k, v in given.items() if not k.startswith(PREFIX)}
    # dbt-spark overwrites it with false, and then a cast that fails is NULL.
    return conf | {"spark.sql.ansi.enabled": "true"}


def of_target(settings: Settings, target: str) -> dict[str, str]:
    """What a target of the project's profile tells Spark.

    Raises:
        UsageError: There is no such target, it cannot be read, or is not on Spark.
    """
    folder = settings.project_dir / "profiles"
    where = folder if folder.is_dir() else settings.project_dir
    set_invocation_context(get_env())  # what `env_var` shows
    name = str(project.read(settings.project_dir).get("profile"))
    try:
        _, found = Profile.render_profile(
            read_profile(str(where))[name], name, target, ProfileRenderer({})
        )
    except (DbtBaseException, KeyError) as error:
        raise UsageError(
            f"the target {target} cannot be read: {str(error).strip().rstrip('.')}",
            where=str(where / "profiles.yml"),
            remedy="Correct it, or name another by --target.",
        ) from error
    if found.get("type") != "spark":
        raise UsageError(
            f"the target {target} builds on {found.get('type')}, not Spark",
            where=str(where / "profiles.yml"),
            remedy="Name another by --target.",
        )
    given = found.get("server_side_parameters") or {}
    return sparks_own({str(name): str(value) for name, value in given.items()})
