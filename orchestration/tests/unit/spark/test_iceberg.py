from pathlib import Path

import pytest

from orchestration.errors import SetupError
from orchestration.spark import iceberg, kept
from orchestration.spark.java import Java

NO_JAVA = Java(Path("/nowhere"), 17)


def test_a_jar_of_another_checksum_is_refused(tmp_path: Path) -> None:
    jar = tmp_path / "iceberg.jar"
    jar.write_bytes(b"not the jar")
    with pytest.raises(SetupError, match="SHA-256") as raised:
        iceberg.jar(NO_JAVA, {"FIRN_ICEBERG_JAR": str(jar)})
    assert raised.value.where == str(jar)


def test_a_jar_that_was_changed_where_it_is_kept_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "folder", lambda: tmp_path)
    iceberg.path_here().write_bytes(b"changed")
    with pytest.raises(SetupError, match="Delete"):
        iceberg.jar(NO_JAVA, {})


def test_the_pinned_checksum_is_what_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = tmp_path / "iceberg.jar"
    jar.write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    monkeypatch.setattr(iceberg, "SHA256", empty)
    assert iceberg.jar(NO_JAVA, {"FIRN_ICEBERG_JAR": str(jar)}) == jar


def test_what_cannot_be_fetched_names_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setattr(kept, "folder", lambda: tmp_path)
    with pytest.raises(SetupError, match="cannot be fetched") as raised:
        iceberg.jar(NO_JAVA, {})
    assert "FIRN_IVY_SETTINGS" in raised.value.remedy
    assert not iceberg.path_here().exists()


def test_a_download_of_another_checksum_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setattr(kept, "folder", lambda: tmp_path)
    home = tmp_path / "jdk"
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    # The last argument is where to, as Ivy's pattern.
    program.write_text(
        "#!/bin/sh\nfor last do :; done\n"
        f'echo other > "$(dirname "$last")/{iceberg.path_here().name}"\n'
    )
    program.chmod(0o755)
    with pytest.raises(SetupError, match="SHA-256"):
        iceberg.jar(Java(home, 17), {})
    assert not iceberg.path_here().exists()
