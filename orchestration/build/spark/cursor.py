"""A cursor on our session: dbt-spark's own would make a session of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dbt.adapters.spark.session import Cursor as StockCursor
from dbt.adapters.spark.session import SessionConnectionWrapper
from dbt_common.exceptions import DbtDatabaseError
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import AnalysisException, ParseException, PySparkException

from orchestration.build import withhold
from orchestration.spark.reason import reason
from orchestration.trouble import symptom

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Run = Callable[[str], "DataFrame"]  # a statement, guarded or not


class Handle:
    """What dbt-spark calls a connection: the session that all threads share."""

    def __init__(self, run: Run, interrupt: Callable[[], object]) -> None:
        self._run = run
        self._interrupt = interrupt

    def cursor(self) -> "Cursor":
        """A cursor on the session."""
        return Cursor(self._run)

    def cancel(self) -> None:
        """Stop what the session runs: the JVM would go on to the query's end."""
        with suppress(Py4JError):
            self._interrupt()


class Connection(SessionConnectionWrapper):
    """Can be cancelled, as dbt does when it is interrupted."""

    def cancel(self) -> None:
        """Stop what runs on it."""
        handle: Any = self.handle
        handle.cancel()


class Cursor(StockCursor):
    """Runs statements on the session; errors are Spark's, without Java's stack."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def execute(self, sql: str, *parameters: Any) -> None:
        """Run a statement; a query runs when its rows are fetched."""
        text = sql % parameters if parameters else sql
        with readable():
            self._df = self._run(text)

    def fetchall(self) -> Any:
        """All rows."""
        with readable():
            return super().fetchall()

    def fetchone(self) -> Any:
        """The next row, or None."""
        with readable():
            return super().fetchone()


@contextmanager
def readable() -> Iterator[None]:
    """Raise what Spark says as dbt's error, without Java's stack or query plans."""
    try:
        yield
    except PySparkException as error:
        if withhold.is_on() and not isinstance(
            error, (AnalysisException, ParseException)
        ):
            # Without the cause: dbt logs it.
            raise DbtDatabaseError(_without_values(error)) from None
        raise DbtDatabaseError(_whole(error)) from error
    except Py4JJavaError as error:
        raise DbtDatabaseError(reason(error)) from error
    except (Py4JError, ConnectionError) as error:
        raise DbtDatabaseError(f"Spark's JVM is gone: {error}") from error


def _whole(error: PySparkException) -> str:
    """What Spark says of an error, and its cause, which Spark leaves to the stack."""
    told, cause = _without_plan(str(error)), reason(error).rstrip(";")
    return told if cause.partition(": ")[2] in told else f"{told}: {cause}"


def _without_values(error: PySparkException) -> str:
    """An error's kind, and what the machine lacks if it is that."""
    kind = error.getCondition() or type(error).__name__
    return f"{kind}: {symptom(reason(error)) or withhold.WITHHELD}"


def _without_plan(message: str) -> str:
    """What Spark says of an error, without the query plan that follows it."""
    return message.partition("\n\nJVM stacktrace")[0].partition(";\n")[0]
