"""The variables that tests set: a fixture of one file may outlive it in its process."""

import os

import pytest


def only(patch: pytest.MonkeyPatch, **own: object) -> None:
    """Set these variables, and no other that Firn reads."""
    for name in [name for name in os.environ if name.startswith("FIRN_")]:
        patch.delenv(name)
    for name, value in own.items():
        patch.setenv(name, str(value))
