"""The same on Spark: Jinja in a build that publishes works on values, by SQL."""

from pathlib import Path

import pytest

from orchestration.build import templates
from orchestration.lake import Lake
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Firn, Land
from orchestration.tests.pages import fault, mutant
from orchestration.tests.security.test_confined_models import PYTHON, built

pytest.importorskip("pyspark", reason="the extra spark is not installed")
pytestmark = [pytest.mark.spark, pytest.mark.slow]

NAME = "Jinja that reaches for files, the profile or the JVM, in such a build on Spark"

# What each model does while it runs; {out} is a file outside, {new} one to make.
_ASKS = "{{% set conn, cursor = adapter.add_query('select 1', auto_begin=False) %}}"
_VIEW = (
    "{{'schema': 'marts', 'name': 'v', 'dialect': 'spark', "
    "'definition': {{'columns': [{{'name': 'x', 'type': 'VARCHAR'}}]}}, "
    "'sql': \"select transform(1) using 'cat - {out}' as (x)\"}}"
)
REACHES = {
    "reads_a_file": "{{{{ run_query('select 1 as a').from_csv('{out}').rows[0][0] }}}}",
    "reads_it_as_a_seed": "{{% do adapter.firn_call('read_seed', tojson({{'name': 'x', "
    "'path': '{out}', 'sql': \"from read_text('{out}')\"}})) %}}"
    "{{{{ run_query('select content from x').rows[0][0] }}}}",
    "writes_a_table": "{{% do run_query('select 1 as a').to_csv('{new}') %}}",
    "shows_the_profile": "{{{{ adapter.config.credentials.server_side_parameters }}}}",
    "shows_it_by_query": _ASKS + "{{{{ conn.credentials.server_side_parameters }}}}",
    "goes_round": _ASKS + "{{% do cursor.handle.cursor().execute('select 1') %}}",
    "runs_a_command": "{{{{ run_query(\"select transform(1) using 'cat - {out}' "
    'as (x)").rows[0][0] }}}}',
    "runs_it_in_a_view": "{{% do adapter.firn_call('put_view', tojson("
    + _VIEW
    + ")) %}}"
    "{{{{ run_query('select x from marts.v').rows[0][0] }}}}",
}
HOOK = "{{ config(pre_hook=\"add jar 'x.jar'\") }} select 1 as a"


def write(project: Settings, folder: Path) -> Path:
    """Write all models of this test; returns the file that none may make."""
    out, new = folder / "out.csv", folder / "new"
    out.write_text("a\nCanaryOutside\n")
    models = project.project_dir / "models/marts"
    for name, jinja in REACHES.items():
        text = jinja.format(out=out, new=new)
        # As a comment, which shows what was found in dbt's artifacts.
        (models / f"{name}.sql").write_text(
            f"select 1 as a /* {{% if execute %}}{text}{{% endif %}} */"
        )
    (models / "adds_a_jar.sql").write_text(HOOK)
    (models / "is_python.py").write_text(PYTHON)
    (models / "keeps_to_values.sql").write_text(
        "{% do adapter.add_query('select 1', auto_begin=False) %}"
        "select {{ run_query('select 41 + 1 as a').columns[0].values()[0] "
        "if execute else 1 }} as a"
    )
    return new


def check(firn: Firn, project: Settings, lake: Lake, folder: Path) -> None:
    new = write(project, folder)
    before = lake.pointers("main")
    nodes, answer = built(firn, "--target", "spark")
    assert nodes["keeps_to_values"]["status"] == "success"
    for name in (*REACHES, "adds_a_jar", "is_python"):
        assert nodes[name]["status"] == "error", name
        assert "CanaryOutside" not in nodes[name]["message"]
    assert "lake alone" in nodes["adds_a_jar"]["message"]
    assert "see the profile" in nodes["shows_the_profile"]["message"]
    assert answer["publication"] is None
    assert lake.pointers("main") == before
    assert not new.exists()
    texts = [p.read_bytes() for p in (project.project_dir / "target").rglob("*.sql")]
    assert texts
    assert not [t for t in texts if b"CanaryOutside" in t or b"spark.master" in t]


@fault(
    "Security",
    NAME,
    seen="exit 1: the model fails and says what is refused; nothing is published",
    rerun="the same, until the model is corrected",
)
def test_jinja_that_reaches_out_fails(
    firn: Firn, land: Land, lake: Lake, project: Settings, tmp_path: Path
) -> None:
    land((1, 10.0))
    check(firn, project, lake, tmp_path)


@pytest.mark.full
@mutant(NAME, guard="templates are held to values")
def test_without_limits_jinja_writes_files(
    firn: Firn,
    land: Land,
    lake: Lake,
    project: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    land((1, 10.0))
    monkeypatch.setattr(templates, "hold", lambda **_: None)
    with pytest.raises(AssertionError, match=r"reads_a_file|writes_a_table|shows_"):
        check(firn, project, lake, tmp_path)
