"""Texts at the edge of what a type can hold, and what each lands as: numbers."""

from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

NO = object()  # a reject


class Group(NamedTuple):
    """A row of the page: texts of one type, and what each lands as."""

    name: str
    outcome: str
    type: str
    values: dict[str, Any]


def rejects(*texts: str) -> dict[str, Any]:
    """Texts that do not fit."""
    return dict.fromkeys(texts, NO)


# Digits, but of other scripts.
INDIC_12 = "\u0661\u0662"
WIDE_12 = "\uff11\uff12"
UUID_TEXT = "12345678-1234-1234-1234-123456789abc"
UNREADABLE = "rejected row: cannot be read as its type"
MONEY, MOST = "decimal(12,2)", "decimal(38,10)"
WIDE = "1234567890123456789012345678.0123456789"
EXACT = [
    Group(
        "decimal with more digits than its scale",
        f"{UNREADABLE}: nothing is rounded",
        MONEY,
        rejects("1.005", "1.999", "0.004", "-0.001", "1e-3", "1e-400"),
    ),
    Group(
        "decimal with more digits than its scale",
        f"{UNREADABLE}: nothing is rounded",
        MOST,
        rejects("0.00000000001", WIDE + "1", "1.2345678901234567890123e10"),
    ),
    Group(
        "decimal beyond its precision",
        UNREADABLE,
        MONEY,
        rejects("10000000000.00", "99999999999", "1e400"),
    ),
    Group(
        "decimal of 38 digits",
        "accepted: all digits",
        MOST,
        {WIDE: Decimal(WIDE), f"-{WIDE}": Decimal(f"-{WIDE}")},
    ),
    Group(
        "decimal spelled otherwise",
        "accepted: the same number",
        MONEY,
        dict.fromkeys(["1.5", "1.500", "+1.5", " 1.50 ", "001.5"], Decimal("1.50"))
        | {"1e3": Decimal("1000.00"), ".5": Decimal("0.50"), "5.": Decimal("5.00")},
    ),
    Group(
        "number that is no decimal one",
        UNREADABLE,
        MONEY,
        rejects("NaN", "inf", "0x1F", "--5", "½", INDIC_12, WIDE_12),
    ),
    Group(
        "negative zero, exact",
        "accepted: 0, which has no sign there",
        MONEY,
        dict.fromkeys(["-0", "-0.00"], Decimal("0.00")),
    ),
    Group(
        "integers at the ends of their range",
        "accepted",
        "bigint",
        {str(number): number for number in (2**63 - 1, -(2**63))},
    ),
    Group(
        "integer beyond 64 bits",
        UNREADABLE,
        "bigint",
        rejects(str(2**63), str(-(2**63) - 1), str(2**64 - 1), "1e19"),
    ),
    Group("integer beyond 32 bits", UNREADABLE, "integer", rejects(str(2**31))),
    Group(
        "whole number spelled otherwise",
        "accepted: the same number",
        "bigint",
        {"1.0": 1, "1e3": 1000, "-0": 0, "007": 7, "+7": 7, " 7 ": 7},
    ),
    Group(
        "integer with a fraction, a base, or a word",
        UNREADABLE,
        "bigint",
        rejects("1.5", "0x10", "0b1", "1_2", "true", "NaN", "1e-400"),
    ),
]
FLOATS = [
    Group(
        "negative zero, binary",
        "accepted: 0, without its sign",
        "double",
        {"-0.0": 0.0, "0.0": 0.0, "-0": 0.0},
    ),
    Group(
        "NaN and infinity in a float",
        "accepted",
        "double",
        {"NaN": float("nan"), "inf": float("inf"), "-Infinity": -float("inf")},
    ),
    Group("float beyond its range", UNREADABLE, "double", rejects("1e309", "-1e400")),
    Group(
        "fraction in a float",
        "accepted: the nearest float, as the type says; below its range, 0",
        "double",
        {"0.1234567890123456789": 0.12345678901234568, "5e-324": 5e-324}
        | {"1e-400": 0.0},
    ),
    Group(
        "whole number that a float would round",
        UNREADABLE,
        "double",
        rejects(str(2**53 + 1), "12345678901234567890", f" +{2**53 + 1} ")
        | rejects(f"{2**53 + 1}.0")
        | {str(2**53): float(2**53), f"{2**53}.0": float(2**53)},
    ),
    Group(
        "whole number that a float would round",
        UNREADABLE,
        "float",
        rejects("16777217"),
    ),
]
OTHERS = [
    Group(
        "booleans (true, t, yes, y, 1 and their like)",
        "accepted",
        "boolean",
        dict.fromkeys(["true", "TRUE", "T", "yes", "Y", "1", " true "], True)
        | dict.fromkeys(["false", "f", "no", "N", "0"], False),
    ),
    Group(
        "other booleans",
        UNREADABLE,
        "boolean",
        rejects("on", "off", "2", "-1", "ja", "wahr"),
    ),
    Group(
        "UUID with braces, without dashes, in capitals",
        "accepted",
        "uuid",
        dict.fromkeys(
            [f"{{{UUID_TEXT}}}", UUID_TEXT.replace("-", ""), UUID_TEXT.upper()],
            UUID(UUID_TEXT),
        ),
    ),
    Group(
        "torn UUID", UNREADABLE, "uuid", rejects(UUID_TEXT[:-1], "g" + UUID_TEXT[1:])
    ),
]
NUMBERS = [*EXACT, *FLOATS, *OTHERS]
