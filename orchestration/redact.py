"""Take secrets out of a text before somebody reads it, or a log keeps it.

Nothing prints a secret on purpose. This is for what libraries repeat in their errors:
an address with its password, a header, the value of a variable.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote, urlsplit

HIDDEN = "***"
_SHORTEST = 4  # a shorter secret would blank half of every text, and is no secret
_IN_ADDRESS = re.compile(r"(?<=://)([^/\s:@'\"]*):([^/\s@'\"]+)(?=@)")
_ADDRESSES = ("FIRN_CATALOG_DATABASE", "FIRN_CATALOG_URI", "FIRN_AIRFLOW_DATABASE")


def redact(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """The text without passwords in addresses and without the known secrets."""
    for secret in sorted(set(_secrets(environ)), key=len, reverse=True):
        forms = {secret, quote(secret, safe=""), quote_plus(secret)}
        for form in forms | {json.dumps(secret)[1:-1]}:
            text = text.replace(form, HIDDEN)
    return _IN_ADDRESS.sub(rf"\1:{HIDDEN}", text)


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    found = [environ.get("FIRN_CATALOG_TOKEN"), environ.get("FIRN_ALERT_URL")]
    # dbt's own name for variables that only the profile may use.
    found += [v for k, v in environ.items() if k.startswith("DBT_ENV_SECRET")]
    for name in _ADDRESSES:
        try:
            password = urlsplit(environ.get(name, "")).password
        except ValueError:
            continue
        found += [password, unquote(password or "")]
    yield from (secret for secret in found if secret and len(secret) >= _SHORTEST)
