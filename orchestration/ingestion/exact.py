"""SQL that casts a text and tells where the cast would lose something in silence.

DuckDB 1.5 makes 2 of '1.5', 12 of '1_2', 1.01 of '1.005', infinity of '1e400' and the
year 26 of '26-01-02'; it drops the offset of a timestamp, digits after the
microseconds, the date before a time. A value that is none of these is what its text
says: trailing zeros, exponents and spaces are only spellings.
"""

import re

_TIME_OF_DAY = r"\s*[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6}0*)?)?\s*"
# How nearly all moments are written; `like` costs a tenth of a regular expression.
_PLAIN_SHAPES = {
    "date": "____-__-__",
    "timestamp": "____-__-_____:__:__",
    "timestamp with time zone": "____-__-_____:__:__",
}
_IMPOSSIBLE_OFFSET = r":[0-9.]+\s*[+-](1[6-9]|[2-9][0-9]|[0-9]{2}:?[6-9][0-9])"


def value(text: str, type_: str) -> str:
    """The cast of a SQL text to a type, NULL where it cannot be read."""
    if type_ == "timestamp with time zone":
        return _zoned(text)
    if type_ in ("boolean", "uuid"):  # spaces around the others are no matter
        text = f"trim({text})"
    if type_ in ("float", "double"):
        return unsigned_zero(f"try_cast({text} as {type_})")
    return f"try_cast({text} as {type_})"


def unsigned_zero(number: str) -> str:
    """A float whose zero has no sign.

    DuckDB's Parquet writer keeps one of 0.0 and -0.0 for both, whichever came first.
    """
    return f"({number} + 0)"


def lost(text: str, cast: str, type_: str) -> str | None:
    """A condition that is true where a cast that is not NULL is not what was written.

    None for types whose casts lose nothing.
    """
    tests = _tests(text, cast, type_)
    if tests is None:
        return None
    suspect, loss = tests
    return f"case when {suspect} then {loss} else false end"


def _tests(text: str, cast: str, type_: str) -> tuple[str, str] | None:
    """A cheap test of which texts to look at twice, then what is lost there."""
    if (scale := _scale(type_)) is not None:
        return f"{cast}::varchar <> {text}", _number(text, cast, scale)
    if type_ in ("float", "double"):
        spelled = f"not contains(lower({text}), 'inf')"
        grouped = f"contains({text}, '_')"
        return f"isinf({cast}) or {grouped}", f"{grouped} or {spelled}"
    return _time_tests(text, cast, type_)


def _time_tests(text: str, cast: str, type_: str) -> tuple[str, str] | None:
    suspect = _unlike_the_plain(text, type_)
    match type_:
        case "date":
            at_utc = f"({_zoned(f'trim({text})')} at time zone 'UTC')"
            timed = f"{at_utc} is distinct from {cast}"
            return suspect, f"{_short_year(text)} or {timed}"
        case "time":
            return f"not regexp_full_match({text}, '{_TIME_OF_DAY}')", "true"
        case "timestamp":
            moved = f"({_zoned(text)} at time zone 'UTC') is distinct from {cast}"
            return suspect, f"{_unlike_a_moment(text)} or {moved}"
        case "timestamp with time zone":
            strange = f"regexp_matches({text}, '{_IMPOSSIBLE_OFFSET}')"
            return suspect, f"{_unlike_a_moment(text)} or {strange}"
    return None


def _unlike_the_plain(text: str, type_: str) -> str:
    """Whether a moment's text may say more than its digits, each in its place, do.

    Its length alone tells too little: ` 26-01-02 ` is as long as a date, and
    `2026-1-2 1:00:00+02` as a timestamp.
    """
    return f"({text} not like '{_PLAIN_SHAPES.get(type_, '')}' or {text} < '0')"


def _zoned(text: str) -> str:
    """A moment with its offset; a zone's name, as Europe/Berlin or EST, makes it NULL.

    A clock on a wall shows an hour twice a year, so that a name says too little; and in
    DuckDB one text with a name shifts the texts after it, too.
    """
    named = f"regexp_matches({text}, '[A-Za-z/]{{2}}') and not suffix({text}, 'UTC')"
    return f"try_cast(case when not ({named}) then {text} end as timestamptz)"


def _unlike_a_moment(text: str) -> str:
    too_fine = f"regexp_matches({text}, '[.][0-9]{{6}}[0-9]*[1-9]')"
    return f"{_short_year(text)} or {too_fine}"


def _short_year(text: str) -> str:
    return rf"not regexp_matches({text}, '^\s*[0-9]{{4}}[^0-9]')"


def _number(text: str, cast: str, scale: int) -> str:
    """What an exact number loses: digits, or the meaning of `0x`, `0b` and `_`.

    A double holds 15 digits exactly: enough to see whether a number with an exponent,
    if it is short, was rounded.
    """
    return (
        f"case when regexp_matches({text}, '[xXbB_]') then true "
        f"when regexp_matches({text}, '[eE]') then length({text}) > 17 "
        f"or try_cast({text} as double) is distinct from {cast}::double "
        # 1e-400 is 0 as a double, too.
        f"or ({cast} = 0 and regexp_matches({text}, '^[^eE]*[1-9]')) "
        f"else regexp_matches({text}, '[.][0-9]{{{scale}}}[0-9]*[1-9]') end"
    )


def _scale(type_: str) -> int | None:
    """Digits after the point; None where the type is no exact number."""
    if type_ in ("integer", "bigint"):
        return 0
    found = re.fullmatch(r"decimal\(\d+, ?(\d+)\)", type_)
    return int(found[1]) if found else None
