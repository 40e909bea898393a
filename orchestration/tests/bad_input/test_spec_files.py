"""A spec that is wrong is refused with its file, its line and a remedy; none is run."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from orchestration.errors import SpecError
from orchestration.ingestion import yaml_lines
from orchestration.ingestion.dbt_yaml import disagreements, render_sources_yaml
from orchestration.ingestion.spec import Source
from orchestration.ingestion.specs import load_source
from orchestration.settings import Settings
from orchestration.tests.pages import case, mutant

SECTION = "Specs, profiles, flags, environment"
REFUSED = "refused run: file and line, what is wrong, what to write instead"
GOOD = """\
name: shop
path: landing
tables:
  - name: orders
    files: "*.csv"
    primary_key: [id]
    columns:
      - {name: id, type: bigint}
      - {name: note}
"""
COLUMNS = "{name: id, type: bigint}\n      - {name: note}"


def refusal(folder: Path, content: bytes) -> SpecError:
    """How a spec is refused; the message has a place and a remedy."""
    path = folder / "shop.yml"
    path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        load_source(path)
    error = caught.value
    assert re.match(rf"{re.escape(str(path))}(:\d+)?$", error.where), error.where
    assert error.remedy
    return error


def wrong(name: str, old: str, new: str, line: int, word: str) -> object:
    marks = case(SECTION, f"spec: {name}", outcome=REFUSED)
    return pytest.param(old, new, line, word, marks=marks, id=f"{name}: {new[:30]}")


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        wrong("unknown key", "path:", "paht:", 1, "unknown key"),
        wrong("unknown key", "primary_key", "primary_kye", 6, "unknown key"),
        wrong("key without a value", "path: landing", "path:", 2, "no value"),
        wrong("missing key", "path: landing\n", "", 1, "missing"),
        wrong("wrong type", "path: landing", "path: [a, b]", 2, "path"),
        wrong("wrong type", "path: landing", "path: 7", 2, "path"),
        wrong("wrong type", "landing", "0x" + "f" * 9000, 2, "very many digits"),
        wrong("wrong type", "[id]", "{id: 1}", 6, "primary_key"),
        wrong("wrong type", '"*.csv"', "7", 5, "files"),
        wrong("wrong type", "name: shop", "name: on", 1, "name"),
        wrong("wrong type", "- {name: note}", "- note", 9, "mapping|dictionary|Column"),
        wrong("wrong type", "tables:\n", "tables: 7\nx:\n", 3, "tables"),
        wrong("key said twice", "path: landing", "path: a\npath: b", 3, "said twice"),
        wrong("a tab for indentation", "    files", "\tfiles", 5, "valid YAML"),
        wrong("a bracket that never closes", "[id]", "[id", 7, "valid YAML"),
        wrong("a tag that makes an object", "landing", "!!python/name:os.x", 2, "tag"),
        wrong("a tag that makes an object", "landing", "!!binary x=y", 2, "tag"),
        wrong("no date", "path: landing", "path: 2026-13-45", 1, "date|value"),
        wrong("an alias of itself", "path: landing", "path: &a [*a]", 1, "large|deep"),
        wrong("SQL in a name", "name: shop", "name: 'a; drop'", 1, "no name"),
        wrong("SQL in a name", "name: orders", "name: 'o\"--'", 4, "no name"),
        wrong(
            "SQL in a type", "bigint", "'int); drop table x'", 8, "not a column type"
        ),
        wrong("SQL in a type", "bigint", "'int, b int'", 8, "not a column type"),
        wrong(
            "SQL in the delimiter",
            "path:",
            'csv: {delimiter: "\';"}\npath:',
            2,
            "at most 1",
        ),
        wrong(
            "SQL in the cursor", "[id]", "[id]\n    cursor: 'a or 1'", 4, "there is no"
        ),
        wrong(
            "a format with names of zones",
            "path:",
            "csv: {timestamp_format: '%Y-%m-%d %Z'}\npath:",
            2,
            "names of zones",
        ),
        wrong(
            "a format with offsets, for a column without",
            COLUMNS,
            "{name: id, type: timestamp}\ncsv: {timestamp_format: '%Y-%m-%d%z'}",
            1,
            "would drop",
        ),
        wrong("NUL or half of a character", "landing", '"a\\0b"', 2, "NUL"),
        wrong("NUL or half of a character", '"*.csv"', '"\\ud800"', 5, "NUL"),
        wrong("Jinja in a name", "name: shop", "name: '{{ 1 }}'", 1, "no name"),
        wrong("Jinja in a type", "bigint", "'{{ x }}'", 8, "not a column type"),
        wrong("a path as a name", "name: shop", "name: ../shop", 1, "no name"),
        wrong(
            "a number that is none", "path:", "max_reject_share: .nan\npath:", 2, "max"
        ),
        wrong(
            "a number out of range", "path:", "settle_seconds: -1\npath:", 2, "settle"
        ),
    ],
)
def test_a_wrong_spec_names_its_line(
    tmp_path: Path, old: str, new: str, line: int, word: str
) -> None:
    assert old in GOOD
    error = refusal(tmp_path, GOOD.replace(old, new, 1).encode())
    assert error.where.endswith(f":{line}"), str(error)
    assert re.search(word, str(error)), str(error)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def whole(name: str, content: bytes) -> object:
    mark = case(SECTION, f"spec: {name}", outcome=REFUSED)
    return pytest.param(content, marks=mark, id=name)


WHOLE = [
    whole("empty file", b""),
    whole("a comment alone", b"# later\n"),
    whole("a list", b"- name: shop\n"),
    whole("a scalar", b"shop\n"),
    whole("two documents", GOOD.encode() + b"---\n" + GOOD.encode()),
    whole("not UTF-8", GOOD.replace("landing", "lündung").encode("latin-1")),
    whole("NUL byte", GOOD.encode() + b"\0"),
    whole("control character", GOOD.encode() + b"\x07"),
    whole("aliases that expand to billions", BOMB.encode()),
    whole("nested 10,000 deep", b"[" * 10_000),
    whole("nested 200 deep", b"a: " + b"[" * 200 + b"]" * 200),
    whole("more than a megabyte", b"# x\n" * 300_000),
    whole("a key that is a list", b"? [a, b]\n: c\n"),
    whole("keys that are numbers", b"1: a\n2: b\n"),
    whole("a merge of itself", b"a: &a {<<: *a}\n"),
]


@pytest.mark.parametrize("content", WHOLE)
def test_a_file_that_is_no_spec_is_refused(tmp_path: Path, content: bytes) -> None:
    refusal(tmp_path, content)


@mutant("spec: aliases that expand to billions", guard="nodes are counted")
def test_without_a_count_the_aliases_expand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = BOMB.split("f:")[0].encode()  # 9^5 nodes: enough to see, and to wait for
    monkeypatch.setattr(yaml_lines, "_MOST_NODES", 10_000)
    assert "too large" in str(refusal(tmp_path, few))
    monkeypatch.setattr(yaml_lines, "_MOST_NODES", 10**12)
    assert "too large" not in str(refusal(tmp_path, few))


@case(SECTION, "spec: unreadable or a folder", outcome=REFUSED)
def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop.yml").mkdir()
    with pytest.raises(SpecError, match="cannot be read"):
        load_source(tmp_path / "shop.yml")


@case(
    SECTION,
    "spec: SQL in texts that DuckDB needs (quote, formats, null strings, from)",
    outcome="accepted: a text, quoted in every statement",
)
def test_texts_are_quoted(tmp_path: Path) -> None:
    evil = "x'); copy (select 1) to 'evil.csv'; --"
    made = {
        "name": "shop",
        "path": "landing",
        "csv": {"null_strings": [evil], "date_format": evil, "quote": "'"},
        "tables": [
            {"name": "t", "files": evil, "columns": [{"name": "a", "from": evil}]}
        ],
    }
    path = tmp_path / "shop.yml"
    path.write_text(yaml.safe_dump(made))
    assert load_source(path).tables[0].columns[0].original == evil


@case(
    SECTION,
    "spec: Jinja in a description, path or glob",
    outcome="accepted: dbt is given a text that it does not run",
)
def test_jinja_in_a_spec_reaches_dbt_as_text() -> None:
    evil = "{{ env_var('HOME') }} {% do x %} {# y #} {{{ z }}}"
    source = Source.model_validate(
        {
            "name": "shop",
            "path": "landing",
            "description": evil,
            "tables": [
                {
                    "name": "t",
                    "files": f"{evil}*.csv",
                    "columns": [{"name": "a", "description": evil}],
                }
            ],
        }
    )
    assert not re.search(r"\{[{%#]", render_sources_yaml(source))


@pytest.mark.parametrize(
    "text",
    [
        "sources: [",
        "- a",
        "sources: {a: 1}",
        "sources: [7]",
        "sources: [{name: x}]",
        "",
    ],
)
@case(
    SECTION,
    "dbt's sources file: broken, or not as the spec",
    outcome="refused run: `firn doctor` names the file and what differs",
)
def test_a_broken_sources_file_is_a_finding(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/shop.yml").write_text(GOOD)
    monkeypatch.setenv("FIRN_SOURCES", str(tmp_path / "sources"))
    monkeypatch.setattr(
        "orchestration.ingestion.dbt_yaml.sources_path",
        lambda settings, _: settings.project_dir / "models" / "x.yml",
    )
    here = Settings.load({"FIRN_PROJECT_DIR": str(settings.project_dir)})
    object.__setattr__(here, "project_dir", tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models/x.yml").write_text(text)
    found = disagreements(here)
    assert found
    assert all("models/x.yml" in line for line in found)


@how(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_spec_or_refused(tmp_path: Path, content: bytes) -> None:
    refusal(tmp_path, content)


@how(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    line=st.integers(0, 8),
    value=st.text(st.characters(codec="utf-8"), max_size=30)
    | st.sampled_from(["{}", "[]", "~", "!!set {a}", "*x", "&x y", "0x1F", "1e999"]),
)
@case(
    SECTION, "spec: any text at any value", outcome="refused run: or a spec; no trace"
)
def test_any_value_is_taken_or_refused(tmp_path: Path, line: int, value: str) -> None:
    lines = GOOD.splitlines()
    lines[line] = lines[line].partition(":")[0] + ": " + value
    path = tmp_path / "shop.yml"
    path.write_bytes("\n".join(lines).encode("utf-8", "replace"))
    try:
        load_source(path)
    except SpecError as error:
        assert error.where.startswith(str(path))  # noqa: PT017 - or no error at all
