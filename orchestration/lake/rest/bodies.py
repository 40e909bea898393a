"""The JSON of requests: parsed strictly, because what gets in is written to stay.

Python's parser takes what JSON has not (NaN), what Java's clients cannot read (integers
beyond 64 bits) and what no file can hold (half a surrogate pair). A commit with one of
them would leave metadata that no engine reads.
"""

import json
import math
from typing import Any, NoReturn

from orchestration.lake.catalog.errors import bad_request

_DEEPEST = 200  # levels; a struct in a struct takes three, and engines stop long before
_INT64 = 1 << 63
_DIGITS = 20


def parsed(content: bytes) -> dict[str, Any]:
    """The object that a body holds.

    Raises:
        CatalogError: 400, it is no JSON object, or has values that are no JSON.
    """
    try:
        body = json.loads(
            content, parse_int=_integer, parse_float=_number, parse_constant=_refuse
        )
        # Half a surrogate pair comes in by an escape alone, and has no bytes.
        if b"\\u" in content:
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise bad_request("the body is not JSON") from error
    if not isinstance(body, dict):
        raise bad_request("the body is not a JSON object")
    if not _is_shallow(body):
        raise bad_request(f"the body is nested more than {_DEEPEST} levels deep")
    return body


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS or not -_INT64 <= (value := int(digits)) < _INT64:
        raise ValueError("more than 64 bits")
    return value


def _number(digits: str) -> float:
    if not math.isfinite(value := float(digits)):
        raise ValueError("more than a double holds")
    return value


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _is_shallow(body: Any) -> bool:
    level = [body]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return True
    return False
