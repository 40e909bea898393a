"""What stands in for a guard that is switched off, named by `World.firn(mutant=…)`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ANY_NAME = re.compile(".*")
# Nothing of what libraries and the system say is put into words for people.
SILENT = (
    "orchestration.cli.errors:explain=orchestration.tests.faults.mutants:nothing;"
    "orchestration.trouble:explain=orchestration.tests.faults.mutants:nothing;"
    "orchestration.build.attempt:explain_text=orchestration.tests.faults.mutants:nothing"
)
IN_WORDS = "what the system and libraries say is put into words"


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


def publish_and_reach(name: str) -> None:
    """Publish what an ingest has written so far, at each of its steps."""
    from orchestration import failpoints  # noqa: PLC0415
    from orchestration.lake import Lake  # noqa: PLC0415
    from orchestration.lake.model import Provenance  # noqa: PLC0415
    from orchestration.settings import Settings  # noqa: PLC0415

    lake = Lake.open(Settings.load())
    for branch in lake.branches():
        if branch.name.startswith("ingest_"):
            lake.publish(branch.name, Provenance(who="mutant"))
    lake.close()
    failpoints.reach(name)


def files_first(lake: Any, settings: Any, wanted: Any, **_: Any) -> Any:
    """Delete what is planned to go before its pointers are forgotten."""
    from orchestration.lake import clean, stale  # noqa: PLC0415

    clean._delete(wanted.files, alone=True)
    with lake.store.write() as connection:
        stale.forget(connection, wanted.stale)
    return wanted


def what_it_forgets(
    lake: Any, settings: Any, limits: Any, now: Any, *, alone: bool
) -> Any:
    """Plan to delete the files of pointers that go, and no others."""
    from orchestration.lake import clean, stale  # noqa: PLC0415

    with lake.store.read() as connection:
        old = stale.find(connection, limits, now=now, alone=alone)
    found = clean._garbage(lake, settings, None, old).files if old.branches else ()
    return clean.Plan(
        limits=limits, stale=old, files=found, leftovers=(), uncertain=(), alone=alone
    )


class NeverRaisedError(Exception):
    """No error is one."""


@contextmanager
def unterminable() -> Iterator[list[int]]:
    """Leave SIGTERM to the system."""
    yield []


@contextmanager
def at_once(*_: Any) -> Iterator[None]:
    """Wait for nobody."""
    yield


def all_that_differs(name: str) -> Any:
    """Take for a branch's changes whatever is not as `main` has it now."""
    import sqlalchemy as sa  # noqa: PLC0415

    from orchestration.lake import selects  # noqa: PLC0415
    from orchestration.lake.store import tables  # noqa: PLC0415

    in_work = selects.in_work(tables.c.table_name)
    here = selects.state(name).where(~in_work).subquery("here")
    main = selects.state("main").subquery("there")
    return (
        sa.select(
            here.c.table_namespace,
            here.c.table_name,
            main.c.kind.label("old_kind"),
            main.c.metadata_location.label("old_location"),
            here.c.kind.label("new_kind"),
            here.c.metadata_location.label("new_location"),
        )
        .select_from(here.outerjoin(main, selects.same_name(here, main)))
        .where(here.c.metadata_location.is_distinct_from(main.c.metadata_location))
    )


def nowhere_to_spill(con: Any, *_: Any) -> None:
    """Bound a connection's memory, and give it no folder."""
    con.execute("set global memory_limit = '100MB'")
    con.execute("set global temp_directory = ''")


def unquoted(text: str) -> str:
    """Put a text into SQL as if no text held a quote."""
    return f"'{text}'"
