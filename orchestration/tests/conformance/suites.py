"""Upstream's classes as tests: pytest collects what is named Test…, for both engines."""

from typing import Any


def collect(module: dict[str, Any], *upstream: type) -> None:
    """Let a test module run upstream's classes as they are.

    Those that have to be adapted are subclassed in the module by hand.
    """
    for base in upstream:
        name = "Test" + base.__name__.removeprefix("Base").removeprefix("Test")
        assert name not in module, f"{name} is there twice"
        module[name] = type(
            name, (base,), {"__module__": module["__name__"], "__doc__": base.__doc__}
        )
