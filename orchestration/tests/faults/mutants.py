"""What stands in for a guard that is switched off, named by `World.firn(mutant=…)`."""

from typing import Any


def nothing(*_: Any, **__: Any) -> None:
    """Do nothing where something was checked."""


def no(*_: Any, **__: Any) -> bool:
    """Say no, whatever was asked."""
    return False


def empty_ledger(*_: Any, **__: Any) -> Any:
    """Know of no file that was landed."""
    from orchestration.ingestion.ledger import Ledger  # noqa: PLC0415

    return Ledger()


def publish_each(watcher: Any, event: Any) -> None:
    """Publish each model as it is built."""
    from orchestration.lake.model import Provenance  # noqa: PLC0415

    if event.info.name == "NodeFinished":
        watcher._lake.publish(watcher._branch, Provenance(who="mutant"))


def an_hour(*_: Any, **__: Any) -> float:
    """Have all the time in the world."""
    return 3600.0


def drop_and_rename(
    catalog: Any, target: Any, staged: Any, *, leaves: Any = None
) -> bool:
    """Put a staged table in the place of whatever is there."""
    from orchestration.lake import staging  # noqa: PLC0415
    from orchestration.lake.updates import key  # noqa: PLC0415

    staging.discard(catalog, target)
    catalog.rename_table(key(staged), key(target))
    return True
