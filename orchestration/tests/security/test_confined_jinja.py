"""Jinja in a build that publishes works on values: no file, profile or connection."""

from pathlib import Path

import pytest

from orchestration.build import templates
from orchestration.lake import Lake
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Firn, Land
from orchestration.tests.pages import fault, mutant
from orchestration.tests.security.test_confined_models import built

NAME = "Jinja that reaches for files, the profile or connections, in such a build"

# What each model does while it is compiled; {out} is a file outside, {new} one to make.
_ASKS = "{{% set conn, cursor = adapter.add_query('select 1', auto_begin=False) %}}"
REACHES = {
    "reads_a_file": "{{{{ run_query('select 1 as a').from_csv('{out}').rows[0][0] }}}}",
    "writes_a_table": "{{% do run_query('select 1 as a').to_csv('{new}') %}}",
    "writes_a_node": "{{% do config.model.write_node('/', '{new}', 'x') %}}",
    "writes_by_ref": "{{% do ref.model.write_node('/', '{new}', 'x') %}}",
    "writes_the_manifest": "{{% do ref.manifest.writable_manifest().write('{new}') %}}",
    "shows_the_profile": "{{{{ adapter.config.credentials.plugins }}}}",
    "shows_it_by_ref": "{{{{ ref.config }}}}",
    "formats_it": "{{{{ '{{0.config}}'.format(adapter) }}}}",
    "maps_it": "{{{{ [adapter] | map(attribute='config') | list }}}}",
    "copies_by_cursor": _ASKS
    + "{{% do cursor.sql(\"copy (select 1) to '{inside}'\") %}}",
    "goes_round": _ASKS + "{{% do cursor.cursor().execute('install spatial') %}}",
}


def write(project: Settings, folder: Path) -> list[Path]:
    """Write all models of this test; returns the files that none may make."""
    out = folder / "out.csv"
    out.write_text("a\nCanaryOutside\n")
    made = [folder / "new", project.warehouse / "x.parquet"]
    for name, jinja in REACHES.items():
        text = jinja.format(out=out, new=made[0], inside=made[1])
        model = project.project_dir / f"models/marts/{name}.sql"
        model.write_text(f"{{% if execute %}}{text}{{% endif %}} select 1 as a")
    model = project.project_dir / "models/marts/keeps_to_values.sql"
    model.write_text(
        "{% do adapter.add_query('select 1', auto_begin=False) %}"
        "select {{ run_query('select 41 + 1 as a').columns[0].values()[0] "
        "if execute else 1 }} as a {# what add_query gives shows the profile: #}"
        "-- {{ adapter.add_query('select 1', auto_begin=False) if execute }}"
    )
    return made


def check(firn: Firn, project: Settings, folder: Path) -> None:
    made = write(project, folder)
    nodes, answer = built(firn)
    for name in REACHES:
        assert nodes[name]["status"] == "error", name
    assert "see the profile" in nodes["shows_the_profile"]["message"]
    assert nodes["keeps_to_values"]["status"] == "success"
    assert answer["publication"] is None
    assert not [path for path in made if path.exists()]
    compiled = project.project_dir / "target"
    texts = [path.read_bytes() for path in compiled.rglob("*.sql")]
    assert texts
    assert not [t for t in texts if b"CanaryOutside" in t or b"plugin'" in t]


@pytest.mark.slow
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
    check(firn, project, tmp_path)


@pytest.mark.slow
@mutant(NAME, guard="templates are held to values")
def test_without_limits_jinja_reads_and_writes_files(
    firn: Firn,
    land: Land,
    project: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    land((1, 10.0))
    monkeypatch.setattr(templates, "hold", lambda **_: None)
    with pytest.raises(AssertionError, match="writes_a_table"):
        check(firn, project, tmp_path)


PARSED = "{% do adapter.config.credentials.plugins[0].config.update(python_models=1) %}"


def test_the_profile_is_out_of_reach_while_dbt_parses(
    firn: Firn, land: Land, project: Settings
) -> None:
    land((1, 10.0))
    (project.project_dir / "models/marts/early.sql").write_text(
        PARSED + "select 1 as a"
    )
    result = firn("build")
    assert result.exit_code == 2, result.output
    assert "'config'" in result.output
