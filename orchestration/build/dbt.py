"""dbt in this process, for the length of one run: one parse for its two commands.

dbt keeps its engine's connection in a class variable, beyond a command's end. Within a
run that saves a second connection; between runs it would build one run's models on the
other's branch, so a run closes it before its first command and after its last.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.exceptions import DbtUsageException
from dbt.cli.main import build, dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.exceptions import InvalidSelectorError, ParsingError
from dbt_common.context import get_invocation_context
from dbt_common.exceptions import (
    CompilationError,
    DbtBaseException,
    DbtConfigError,
    DbtValidationError,
)

from orchestration.build import arguments, guard, templates, withhold
from orchestration.build import project as project_file
from orchestration.build.artifacts import (
    Results,
    SourceAge,
    read_results,
    read_sources,
)
from orchestration.build.stdout import printed_to
from orchestration.build.withhold import has_personal_data
from orchestration.errors import FirnError, SetupError, UsageError
from orchestration.settings import ANY_RUN, Settings
from orchestration.trouble import explain_text

# An event of dbt: `info.name` and `data`, protocol buffers without types of their own.
OnEvent = Callable[[Any], None]


@dataclass
class Dbt:
    """The commands of one run. Use inside `session`.

    Args:
        args: dbt's own arguments of the run, such as `--select`.
        logs: Where dbt.log goes.
        verbose: Let dbt speak on stderr.
    """

    settings: Settings
    args: Sequence[str]
    logs: Path
    verbose: bool = False
    on_event: OnEvent | None = None
    manifest: Manifest | None = None

    @property
    def target(self) -> Path:
        """dbt's artifacts, where `dbt docs serve` also looks."""
        return self.settings.project_dir / "target"

    def freshness(self) -> tuple[SourceAge, ...]:
        """Ask how old the sources are; a stale one is a value here, no exception.

        Also reads the project, as much of it as changed, for the build to follow.

        Raises:
            UsageError: The project does not parse; the message is dbt's.
        """
        selection = arguments.freshness_selection(self.args)
        outcome = self._invoke("source", "freshness", *selection)
        ages = read_sources(self._kept(outcome, "sources.json"))
        return (*ages, *_unanswered(outcome, ages))

    def build(self, command: str = "build") -> tuple[Results, bool]:
        """Build and test; also return whether dbt itself calls it a success.

        Args:
            command: `test` for tests alone; `build` leaves out their unit tests.
        """
        if self.manifest is not None:
            withhold.switch(on=has_personal_data(self.manifest))
        outcome = self._invoke(command, *arguments.own(self.args))
        return read_results(self._kept(outcome, "run_results.json")), outcome.success

    def docs(self) -> None:
        """Write what dbt's docs show: `catalog.json` and `index.html` in target/."""
        self._invoke("docs", "generate", "--no-compile")

    def _kept(self, outcome: dbtRunnerResult, name: str) -> Path:
        """Write what a command came to beside the run's log, as dbt would.

        What lies in target/ may be of another run, which builds at the same time.
        """
        path = self.logs / name
        path.unlink(missing_ok=True)
        if (write := getattr(outcome.result, "write", None)) is not None:
            write(str(path))
        return path

    def _invoke(self, *command: str) -> dbtRunnerResult:
        callbacks = [_steady, self._keep_manifest]
        callbacks += [self.on_event] if self.on_event else []
        runner = dbtRunner(manifest=self.manifest, callbacks=callbacks)
        with self._aside():
            outcome = runner.invoke([*command, *self._common()])
        if outcome.exception is not None:
            raise translated(
                outcome.exception, project=self.settings.project_dir, logs=self.logs
            )
        return outcome

    @contextlib.contextmanager
    def _aside(self) -> Iterator[None]:
        """Keep stdout for the answer.

        What is printed goes to stderr if `verbose`, else beside dbt.log.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / "stdout.log").open("a", encoding="utf-8") as log:
            number = 2 if self.verbose else log.fileno()
            with printed_to(sys.stderr if self.verbose else log, number):
                yield

    def _keep_manifest(self, _: Any) -> None:
        """Take what the command has parsed: asking for it by `parse` costs a second."""
        if self.manifest is None:
            context = click.get_current_context(silent=True)
            if context is not None and context.obj is not None:
                self.manifest = context.obj.get("manifest")

    def _common(self) -> list[str]:
        profiles = self.settings.project_dir / "profiles"
        given = arguments.shared(self.args)
        if profiles.is_dir() and "--profiles-dir" not in given:
            given += ["--profiles-dir", str(profiles)]
        return [
            *given,
            "--project-dir",
            str(self.settings.project_dir),
            "--target-path",
            str(self.target),
            "--log-path",
            str(self.logs),
            *(() if self.verbose else ("--log-level", "none")),
            "--log-level-file",
            "debug",
        ]


def check(args: Sequence[str]) -> None:
    """Let dbt read its arguments, before anything is done for them.

    Raises:
        UsageError: It does not know one, or what it is given.
    """
    try:
        # It also logs what it refuses.
        with (
            Path(os.devnull).open("w") as nowhere,
            printed_to(nowhere, nowhere.fileno()),
        ):
            # The default of --profiles-dir is a folder that need not be there.
            build.make_context("build", ["--profiles-dir", ".", *args])
    except (click.ClickException, click.exceptions.Exit) as error:
        what = getattr(error, "message", "") or "it asks for no build"
        raise UsageError(
            what.rstrip("."),
            where="dbt arguments",
            remedy="`dbt build --help` lists what can be given.",
        ) from error


def _unanswered(
    outcome: dbtRunnerResult, ages: Sequence[SourceAge]
) -> Iterator[SourceAge]:
    """Sources that could not be asked: dbt leaves them out of its artifact.

    Without them a source whose table is missing would pass for fresh.
    """
    told = {age.id for age in ages}
    results = getattr(outcome.result, "results", None) or ()
    for result in results:
        if result.node.unique_id not in told:
            yield SourceAge(
                id=result.node.unique_id,
                status=str(result.status),
                message=(result.message or "it could not be asked").strip(),
            )
    if not outcome.success and not results:
        every = "source..every source"
        yield SourceAge(id=every, status="error", message="see dbt.log")


@contextlib.contextmanager
def session(settings: Settings, *, branch: str) -> Iterator[None]:
    """Point dbt's commands in this process at `branch`, and at no other afterwards."""
    own = {"FIRN_BRANCH": branch, guard.VARIABLE: "1", **_where(settings)}
    before = {name: os.environ.get(name) for name in own}
    disconnect()
    os.environ.update(own)
    templates.hold(held=True)  # already where dbt parses, before the plugin is there
    try:
        with contextlib.chdir(settings.project_dir):  # as dbt does, but back again
            yield
    finally:
        disconnect()
        templates.hold(held=False)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _where(settings: Settings) -> dict[str, str]:
    """What the environment must say for the plugin to find these settings.

    Nothing, where it finds them anyway: the profile names some of these variables, and
    dbt parses everything anew when they differ from the last time.
    """
    own = {
        "FIRN_PROJECT_DIR": str(settings.project_dir),
        "FIRN_HOME": str(settings.home),
        "FIRN_WAREHOUSE": str(settings.warehouse),
        "FIRN_CATALOG_DATABASE": settings.database_url,
        "FIRN_USER": settings.user,
    }
    found = Settings.load()
    same = replace(found, branch=settings.branch) == settings
    return {} if same else own


def _steady(event: Any) -> None:
    """Show the profile one name for all runs, and `env_var` no secret of ours.

    dbt has copied the environment when this event comes, and has not read the profile.
    The plugin reads the real values from the process's own environment.
    """
    if event.info.name == "MainReportVersion":
        context = get_invocation_context()
        context._env = guard.shown(context.env) | {"FIRN_BRANCH": ANY_RUN}  # noqa: SLF001


def disconnect() -> None:
    """Close the connections that the engines keep for the next command."""
    if spark := sys.modules.get("orchestration.build.spark.hook"):
        spark.disconnect()
    if DuckDBConnectionManager._ENV is not None:  # noqa: SLF001  # no public way
        DuckDBConnectionManager._ENV.close()  # noqa: SLF001
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


_WRONG_USE = (
    CompilationError,
    DbtConfigError,
    DbtUsageException,
    DbtValidationError,
    InvalidSelectorError,
    ParsingError,
)


def translated(error: BaseException, *, project: Path, logs: Path) -> BaseException:
    """dbt's exception as ours, by whose fault it is; our own as it was raised."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (FirnError, KeyboardInterrupt)):
            return cause
        cause = cause.__cause__ or cause.__context__
    what = str(error).strip().rstrip(".")
    catalog_log = logs.parent / "catalog.log"  # dbt calls an error in a macro its own
    if trouble := explain_text(what, catalog_log=str(catalog_log)):
        return trouble
    if isinstance(error, UnicodeDecodeError):
        named = ", ".join(map(str, project_file.not_utf_8(project)))
        return UsageError("not UTF-8", where=named or "dbt", remedy="Convert it.")
    if isinstance(error, _WRONG_USE) or _is_the_project_s(error):
        return UsageError(
            what, where="dbt", remedy="Correct the project or the arguments."
        )
    if isinstance(error, DbtBaseException):
        return SetupError(
            what, where="dbt", remedy=f"See {logs / 'dbt.log'}, or run `firn doctor`."
        )
    return error


def _is_the_project_s(error: BaseException) -> bool:
    """A profile names a module that is not there, or a state is not given."""
    return isinstance(error, ImportError) or "comparison manifest" in str(error)
