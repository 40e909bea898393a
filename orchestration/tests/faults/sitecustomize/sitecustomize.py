"""Switch guards off in every Python process of a run, as FIRN_TEST_MUTANT says.

`package.module:attribute=package.module:replacement`, several parted by `;`. The folder
of this file is put on PYTHONPATH by the world of the fault tests, and by nobody else.
"""

import importlib
import os


def _apply(mutant: str) -> None:
    target, _, replacement = mutant.partition("=")
    module, _, attribute = target.partition(":")
    owner = importlib.import_module(module)
    *parents, last = attribute.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    if not hasattr(owner, last):
        raise AttributeError(f"{target}: nothing to switch off")
    source, _, name = replacement.partition(":")
    setattr(owner, last, getattr(importlib.import_module(source), name))


for _mutant in filter(None, os.environ.get("FIRN_TEST_MUTANT", "").split(";")):
    _apply(_mutant)
