"""How many files a process may open: as many as it is allowed, or a clear refusal."""

import resource

from orchestration.trouble import TooManyFilesError

# A catalog that cannot accept a connection tries again at once, and for ever; and each
# of DuckDB's threads, SQLite's connections and HTTP's sockets holds a few.
_LEAST = 64
_ENOUGH = 65_536


def allow_open_files() -> None:
    """Raise this process's soft limit to what the hard limit allows.

    Raises:
        TooManyFilesError: That is not enough to work with.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft != resource.RLIM_INFINITY and soft < _LEAST:
        raise TooManyFilesError(
            f"a process may open {soft} files here, and {_LEAST} are the least",
            where="ulimit -n",
            remedy="Raise the limit: `ulimit -n 1024`.",
        )
