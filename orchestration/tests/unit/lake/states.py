"""What tests of branches say about states."""

from collections.abc import Callable

from orchestration.lake import Lake

Put = Callable[..., None]


def state(lake: Lake, branch: str) -> dict[str, str]:
    """What a branch points to, as names and files."""
    return {
        str(table): pointer.metadata_location
        for table, pointer in lake.pointers(branch).items()
    }
