"""Whatever stands on the command line or in the project: a word, never a trace."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as how
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from orchestration.build import arguments, dbt
from orchestration.cli.main import app
from orchestration.lake import Lake, process
from orchestration.settings import Settings
from orchestration.tests import environment
from orchestration.tests.integration.runs.conftest import (
    Firn,
    Land,
    firn,
    lake,
    land,
    project,
)
from orchestration.tests.pages import case, mutant

__all__ = ["firn", "lake", "land", "project"]

SECTION = "Specs, profiles, flags, environment"
WRONG_USE = "refused run: exit 2, what is wrong and what is known"

# Verbs with a place for a text; `{}` is where it goes.
CALLS = [
    ["{}"],
    ["log", "--limit", "{}"],
    ["log", "--format", "{}"],
    ["log", "{}"],
    ["branches", "{}"],
    ["branches", "create", "{}"],
    ["branches", "create", "x", "--base", "{}"],
    ["branches", "create", "x", "--at", "{}"],
    ["branches", "refresh", "{}"],
    ["branches", "drop", "{}"],
    ["diff", "{}"],
    ["diff", "made", "--rows", "{}", "--key", "{}"],
    ["diff", "made", "--limit", "{}"],
    ["publish", "{}"],
    ["rollback", "{}"],
    ["ingest", "{}"],
    ["ingest", "--new-source", "{}", "--from", "{}"],
    ["ingest", "--new-source", "{}"],
    ["sql", "--branch", "{}", "select 1"],
    ["sql", "--at", "{}", "select 1"],
    ["sql", "--file", "{}"],
    ["sql", "--limit", "{}", "select 1"],
    ["sql", "--format", "{}", "select 1"],
    ["catalog", "{}"],
    ["catalog", "serve", "--port", "{}x"],
    ["catalog", "serve", "--host", "{}x"],
    ["doctor", "{}"],
    ["clean", "{}"],
    ["clean", "--dry-run", "--older-than", "{}"],
    ["clean", "--dry-run", "--keep-publications", "{}"],
    ["verify", "--nix", "{}"],
]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    [
        *("../../etc/passwd", "/etc/passwd", "..", ".", "/", "~", "-", "--", "-x", ""),
        *("main", "made", "a b", "a'b", 'a"b', "a;drop table x", "{{ 1/0 }}", "%00"),
        *("-1", "0", "1e9", "99999999999999999999", "NaN", "a\nb", "a\0b", "\ud800"),
        *("*", "[", "[!", "**", "💥", "x" * 300, "${HOME}", "$(id)", "http://[", "é"),
    ]
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty lake with a branch `made`."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "dbt_project.yml").write_text("name: firn\nprofile: firn\n")
    (folder / "sources").mkdir()
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder):
        environment.only(
            patch,
            FIRN_PROJECT_DIR=folder,
            FIRN_HOME=folder / "home",
            FIRN_SOURCES=folder / "sources",
            FIRN_CATALOG_IDLE_SECONDS=2,
        )
        made = Lake.open(Settings.load())
        made.create_branch("made")
        made.close()
        yield folder
        process.release(Settings.load())


# How the command line calls an exception that nobody raised on purpose.
_UNFORESEEN = re.compile(r"unexpected \w+(Error|Exception|Interrupt)")


def told(result: Result, codes: tuple[int, ...] = (2,)) -> str:
    said = result.output
    assert result.exit_code in codes, said
    assert "Traceback" not in said
    assert not _UNFORESEEN.search(said), said
    return said


@case(
    SECTION,
    "any text in any flag or argument of a verb",
    outcome="refused run: exit 2 or 3 with a word about it, or the verb does it",
)
@how(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(call=st.sampled_from(CALLS), text=TEXTS)
@example(call=["branches", "create", "{}"], text="../main")
@example(call=["branches", "drop", "{}"], text="[")
@example(call=["ingest", "--new-source", "{}", "--from", "{}"], text="/etc/passwd")
@example(call=["sql", "--file", "{}"], text="/etc/shadow\0")
@example(call=["sql", "--at", "{}", "select 1"], text="99999999999999999999")
@example(call=["rollback", "{}"], text="99999999999999999999")
@example(call=["branches", "create", "x", "--at", "{}"], text="99999999999999999999")
@example(call=["log", "--limit", "{}"], text="99999999999999999999")
@example(call=["sql", "--limit", "{}", "select 1"], text="20000000000000000000")
def test_any_text_in_any_flag_ends_with_a_code(
    small: Path, call: list[str], text: str
) -> None:
    args = [part.replace("{}", text) for part in call]
    result = CliRunner().invoke(app, args, prog_name="firn")
    told(result, (0, 1, 2, 3))
    assert not (small.parent / "main").exists()


NAMES = ["../x", "a/b", "/x", "..", ".hidden", "a b", "a'b", "", "x" * 101, "é", "a\nb"]


@case(SECTION, "branch names with `..`, `/`, quotes or spaces", outcome=WRONG_USE)
@pytest.mark.parametrize("name", NAMES)
def test_a_branch_name_is_no_path(small: Path, name: str) -> None:
    said = told(CliRunner().invoke(app, ["branches", "create", name], prog_name="firn"))
    assert "cannot name a branch" in said


ARGUMENTS = [
    (["--nosuchflag"], "No such option"),
    (["--threads", "abc"], "not a valid integer"),
    (["x", "y"], "unexpected extra"),
    (["--exclude"], "requires an argument"),
    (["--selector"], "requires an argument"),
    (["--log-format", "no"], "is not one of"),
    (["--state", "/nowhere", "--vars", "{a: [}"], "YAML"),
    (["--vars", "words"], "YAML"),
    (["--vars"], "takes one value"),
    (["--target"], "takes one value"),
    (["--target", "a", "b"], "takes one value"),
    (["--version"], "builds nothing"),
    (["--no-write-json"], "artifacts"),
    (["--event-time-start", "tomorrow"], "formats"),
]


@pytest.mark.parametrize(("args", "word"), ARGUMENTS, ids=lambda value: str(value)[:20])
@case(SECTION, "`firn build` and `run`: dbt's flags, `--vars`", outcome=WRONG_USE)
def test_dbt_s_flags_are_read_before_anything_is_done(
    small: Path, args: list[str], word: str
) -> None:
    before = CliRunner().invoke(app, ["branches"], prog_name="firn").output
    said = told(CliRunner().invoke(app, ["build", *args], prog_name="firn"))
    assert word in said
    assert CliRunner().invoke(app, ["branches"], prog_name="firn").output == before


@mutant("`firn build` and `run`: dbt's flags, `--vars`", guard="dbt's parser is asked")
def test_without_asking_the_flag_is_met_late(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt, "check", lambda _: None)
    monkeypatch.setattr(arguments, "check", lambda _: None)
    result = CliRunner().invoke(app, ["build", "--threads"], prog_name="firn")
    assert "requires an argument" not in result.output


BROKEN = [
    ("profiles/profiles.yml", "firn: [", "profiles.yml"),
    ("profiles/profiles.yml", "", "profiles.yml"),
    ("profiles/profiles.yml", "firn: \udcff", "profiles.yml"),
    ("profiles/profiles.yml", "firn: {target: x, outputs: {dev: {}}}", "target"),
    (
        "profiles/profiles.yml",
        "firn: {target: dev, outputs: {dev: {type: duckdb, plugins: [{module: n.x}]}}}",
        "n.x",
    ),
    (
        "profiles/profiles.yml",
        "firn: {target: \"{{ env_var('NIX') }}\", outputs: {dev: {type: duckdb}}}",
        "NIX",
    ),
    ("dbt_project.yml", "name: [", "dbt_project.yml:"),
    ("dbt_project.yml", "- a", "dbt_project.yml"),
    ("dbt_project.yml", "", "dbt_project.yml"),
    ("dbt_project.yml", "name: \udcff", "dbt_project.yml"),
    ("dbt_project.yml", "name: firn\nseed-paths: 7", "seed-paths"),
    ("dbt_project.yml", "name: firn\nprofile: firn\nnixkey: 1", "nixkey"),
    ("models/marts/bad.sql", "select {{ nix( }}", "bad.sql"),
    ("models/marts/bad.sql", "select {{ 1 / 0 }}", "bad.sql"),
    ("models/marts/bad.sql", "{% for i in x %}", "bad.sql"),
    ("models/marts/bad.sql", "select * from {{ ref('nix') }}", "nix"),
    ("models/marts/bad.sql", "select '\udcff'", "bad.sql"),
    ("models/marts/bad.yml", "models: [", "bad.yml"),
    ("models/marts/bad.yml", "models: {a: 1}", "bad.yml"),
]
FEW = ("dbt_project.yml", "models/marts/bad.sql")


@pytest.mark.parametrize(
    ("path", "content", "word"),
    [
        pytest.param(
            *row,
            id=f"{row[0]}: {ascii(row[1])[:30]}",
            marks=[
                case(
                    SECTION,
                    f"{'a model or its YAML' if 'bad' in row[0] else row[0]}: broken",
                    outcome="refused run: exit 2, the file and what is wrong",
                ),
                *([] if row[0] in FEW else [pytest.mark.full]),
            ],
        )
        for row in BROKEN
    ],
)
def test_a_broken_project_is_named(
    firn: Firn,
    lake: Lake,
    land: Land,
    project: Settings,
    path: str,
    content: str,
    word: str,
) -> None:
    target = project.project_dir / path
    target.write_bytes(content.encode("utf-8", "surrogateescape"))
    said = told(firn("build"))
    assert word in said, said
    assert [branch.name for branch in lake.branches()] == ["main"]


@case(
    SECTION,
    "profile or target that does not exist",
    outcome="refused run: exit 2, and which there are",
)
@pytest.mark.parametrize("flag", ["--target", "--profile", "--profiles-dir"])
@pytest.mark.full
def test_an_unknown_profile_or_target(firn: Firn, lake: Lake, flag: str) -> None:
    assert "nix" in told(firn("build", flag, "nix"))
    assert [branch.name for branch in lake.branches()] == ["main"]


@case(
    SECTION,
    "a selection that selects nothing",
    outcome="refused run: exit 2, the selection",
)
def test_a_selection_of_nothing_is_a_mistake(firn: Firn, lake: Lake) -> None:
    assert "nothing to build" in told(firn("build", "--select", "nix"))
    assert [branch.name for branch in lake.branches()] == ["main"]


@case(
    SECTION,
    "Jinja in `--vars`",
    outcome="refused run: exit 2, since dbt would run it",
)
@pytest.mark.parametrize("value", ["{{ 6 * 7 }}", "{% do x %}", "{# x #}"])
def test_jinja_in_vars_is_not_run(firn: Firn, lake: Lake, value: str) -> None:
    assert "Jinja" in told(firn("build", "--vars", f"{{x: '{value}'}}"))
    assert [branch.name for branch in lake.branches()] == ["main"]


@mutant("Jinja in `--vars`", guard="the arguments are looked at")
def test_without_the_look_dbt_runs_it(
    firn: Firn, land: Land, project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arguments, "_JINJA", re.compile("never this"))
    land((1, 10.0))
    model = "select '{{ var(\"x\") }}' as x"
    (project.project_dir / "models/marts/fct_x.sql").write_text(model)
    assert firn("build", "--vars", "{x: '{{ 6 * 7 }}'}").exit_code == 0
    assert "42" in firn("sql", "from marts.fct_x").output
