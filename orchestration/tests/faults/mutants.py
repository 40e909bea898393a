"""What stands in for a guard that is switched off, named by `World.firn(mutant=…)`."""

from typing import Any


def nothing(*_: Any, **__: Any) -> None:
    """Do nothing where something was checked."""


def no(*_: Any, **__: Any) -> bool:
    """Say no, whatever was asked."""
    return False
