"""What the stages of a run leave each other, in a file beside its logs."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from orchestration.build.gates import Evidence
from orchestration.errors import SetupError
from orchestration.settings import Settings

_FILE = "stages.json"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the stages of one run leave each other.

    Attributes:
        run: The scheduler's name of the run.
        newest: The last publication before the fork.
        inputs: The tables that the build reads and does not make.
        dbt_invocation: dbt's id of the build; empty before it has ended.
        same: Whether the branch was like `main` when it was last to be published.
    """

    dbt_args: tuple[str, ...]
    fingerprint: str | None
    note: str = ""
    run: str = ""
    newest: int = 0
    evidence: Evidence = field(default_factory=Evidence)
    inputs: tuple[str, ...] = ()
    dbt_invocation: str = ""
    same: bool = False


_KEPT = TypeAdapter(Kept)


def path_of(settings: Settings, branch: str) -> Path:
    """Where it lies."""
    return settings.log_dir / branch / _FILE


def keep(settings: Settings, branch: str, kept: Kept) -> None:
    """Write it, at once."""
    path = path_of(settings, branch)
    aside = path.with_suffix(".aside")
    aside.write_bytes(_KEPT.dump_json(kept))
    aside.replace(path)


def load(path: Path) -> Kept:
    """Read it.

    Raises:
        SetupError: There is none, or of another shape.
    """
    try:
        return _KEPT.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise SetupError(
            f"what the run's stages left each other cannot be read: {error}",
            where=str(path),
            remedy="Start a new run; this one's branch stays as it is.",
        ) from error
