from pathlib import Path

import pytest

from orchestration.benchmarks.airflow_project import LAYERS, models, write


@pytest.mark.parametrize("count", [1, 7, 10, 200, 5000])
def test_there_are_as_many_models_as_were_asked_for(count: int) -> None:
    made = models(count)
    assert len({model.name for model in made}) == count


def test_a_model_reads_two_of_the_layer_before() -> None:
    layer_of = {model.name: model.layer for model in models(200)}
    for model in models(200):
        if model.layer == LAYERS[0]:
            assert model.parents == ()
        else:
            before = LAYERS[LAYERS.index(model.layer) - 1]
            assert [layer_of[name] for name in model.parents] == [before, before]


def test_a_model_of_a_layer_of_one_is_read_once() -> None:
    assert models(5)[-1].parents == ("marts_0001",)


def test_a_third_has_tests_and_no_folder_has_more_than_ten() -> None:
    made = models(200)
    assert sum(model.tested for model in made) == 67
    folders = [(model.layer, model.folder) for model in made]
    assert max(folders.count(folder) for folder in set(folders)) == 10


def test_the_files_are_where_dbt_and_the_source_look(tmp_path: Path) -> None:
    write(tmp_path, 10)
    assert len(list(tmp_path.glob("models/*/area_01/*.sql"))) == 10
    assert (tmp_path / "landing/till/1/orders.csv").read_text().count("\n") == 101
    sql = (tmp_path / "models/reports/area_01/reports_0001.sql").read_text()
    assert "ref('marts_0001')" in sql
    assert "ref('marts_0002')" in sql
