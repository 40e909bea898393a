"""Secrets and personal data with a mark on them, and where else they have got to."""

import base64
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

REPOSITORY = Path(__file__).parents[3]

TOKEN = "CanaryToken/7f3a+Qz~end"
PASSWORD = "CanaryPass/91b+x&word"
PROFILE = "CanaryProfile/5c2+key"
PLACE = "CanaryPlace_77aa"
PERSON = "canary.person+9@mail.example"
KEY = "canary.key+3@mail.example"
BORN = "canary-birthday-31st"

_SPEC = """
name: crm
path: ${CRM_DROP}/crm
settle_seconds: 0
max_reject_share: 0.9
tables:
  - name: people
    files: "people*.csv"
    primary_key: [id]
    columns:
      - {name: id, type: bigint}
      - {name: email, pii: true}
      - {name: born, type: date, pii: true}
      - {name: visits, type: bigint}
"""
_SOURCES = """
sources:
  - name: crm
    schema: raw
    config:
      loaded_at_field: _loaded_at
      freshness: {error_after: {count: 9, period: day}}
    tables:
      - name: people
        identifier: crm__people
        columns:
          - {name: email, config: {tags: [pii], meta: {pii: true}}}
          - {name: born, config: {tags: [pii], meta: {pii: true}}}
"""
_MODELS = {
    "stg_people": "select id, email, born, visits from {{ source('crm', 'people') }}",
    "dim_people": "{{ config(materialized='incremental', unique_key='email', "
    "incremental_strategy='merge') }} select * from {{ ref('stg_people') }}",
    "bad_cast": "{{ config(materialized='table') }} "
    "select cast(email as integer) as n from {{ ref('stg_people') }}",
    "bad_date": "{{ config(materialized='table') }} "
    "select strptime(email, '%Y') as n from {{ ref('stg_people') }}",
    "bad_error": "{{ config(materialized='table') }} "
    "select error('no such: ' || email) as n from {{ ref('stg_people') }}",
    "bad_key": "{{ config(materialized='incremental', unique_key='email', "
    "incremental_strategy='merge') }} select email from {{ ref('stg_people') }} "
    "union all select email from {{ ref('stg_people') }}",
    "bad_check": "{{ config(materialized='table') }} "
    "select id, email from {{ ref('stg_people') }}",
}
_PROPERTIES = """
models:
  - name: dim_people
    columns:
      - name: email
        config: {tags: [pii]}
        data_tests: [unique, {accepted_values: {arguments: {values: [x]}}}]
  - name: bad_check
    config: {contract: {enforced: true}}
    columns:
      - name: id
        data_type: bigint
        constraints: [{type: check, expression: "id > 99"}]
      - {name: email, data_type: varchar}
"""
_PROJECT = """
name: firn
version: "0.1.0"
config-version: 2
profile: firn
flags: {send_anonymous_usage_stats: false}
models: {firn: {+schema: marts, stg_people: {+schema: staging, +materialized: view}}}
"""
PEOPLE = f"""id,email,born,visits
1,first.{PERSON},2000-01-01,3
2,{PERSON},1999-12-31,4
3,{KEY},1999-12-30,5
4,torn.{PERSON},2000-01-01,5,6,7
5,misfit.{PERSON},{BORN},1
6,late.{PERSON},2000-01-01,many
"""


def write_project(folder: Path, drop: Path) -> None:
    """A project of one source with personal data, and models that fail on it."""
    for name in ("macros", "profiles"):
        shutil.copytree(REPOSITORY / name, folder / name)
    profile = folder / "profiles/profiles.yml"
    own = "config: &lake\n            password: \"{{ env_var('CRM_PASSWORD') }}\"\n"
    own += "            key: \"{{ env_var('DBT_ENV_SECRET_CRM') }}\""
    profile.write_text(profile.read_text().replace("config: &lake", own))
    texts = {
        "dbt_project.yml": _PROJECT,
        "orchestration/ingestion/sources/crm.yml": _SPEC,
        "models/staging/crm/_crm__sources.yml": _SOURCES,
        "models/people.yml": _PROPERTIES,
    }
    texts |= {f"models/{name}.sql": sql for name, sql in _MODELS.items()}
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (drop / "crm").mkdir(parents=True)
    (drop / "crm/people.csv").write_text(PEOPLE)


def forms(secret: str) -> Iterator[bytes]:
    """The text as it is, and as something may have written it."""
    raw = secret.encode()
    yield raw
    yield quote(secret, safe="").encode()
    yield "".join(f"%{byte:02X}" for byte in raw).encode()
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for offset in range(3):  # base64 depends on what comes before
        inner = base64.b64encode(b"\0" * offset + raw)[4 if offset else 0 : -4]
        yield inner
        yield inner.replace(b"+", b"-").replace(b"/", b"_")


@dataclass(frozen=True)
class Leak:
    """A secret at a place where it has no business."""

    secret: str
    place: str
    around: str


def leaks(
    secrets: Sequence[str], texts: dict[str, str], folders: Sequence[Path]
) -> list[Leak]:
    """What of the secrets is in the texts, or in a file below the folders."""
    found = []
    for place, content in _contents(texts, folders):
        for secret in secrets:
            for form in forms(secret):
                at = content.find(form)
                if at >= 0:
                    around = content[max(at - 90, 0) : at + 60]
                    found.append(Leak(secret, place, repr(around)))
                    break
    return found


def _contents(
    texts: dict[str, str], folders: Sequence[Path]
) -> Iterator[tuple[str, bytes]]:
    for name, text in texts.items():
        yield name, text.encode()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield str(path), path.read_bytes()
