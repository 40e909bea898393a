"""What Spark needs besides its Python package, kept in this environment.

It lies inside the virtual environment: an image that is built once has it, and
whatever deletes the environment deletes it, too. Nothing is written to a home folder.
"""

import sys
from pathlib import Path


def folder() -> Path:
    """Where it lies; the folder need not be there yet."""
    return Path(sys.prefix) / "share" / "firn"
