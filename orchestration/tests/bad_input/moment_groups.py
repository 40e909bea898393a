"""Texts at the edge of what a type can hold, and what each lands as: moments."""

from datetime import UTC, date, datetime, time

from orchestration.tests.bad_input.value_groups import UNREADABLE, Group, rejects

DAY = datetime(2026, 1, 2)  # noqa: DTZ001 - a plain timestamp has no zone
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999)  # noqa: DTZ001
# Digits, but of another script.
INDIC_DAY = "\u0662\u0660\u0662\u0666-\u0660\u0661-\u0660\u0662"


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of 2 January 2026 in UTC."""
    return datetime(2026, 1, 2, hour, minute, second, tzinfo=UTC)


DATES = [
    Group(
        "date in the years 1 and 9999",
        "accepted",
        "date",
        {"0001-01-01": date(1, 1, 1), "9999-12-31": date(9999, 12, 31)},
    ),
    Group(
        "date in year 0, before it, or from 10000 on",
        f"{UNREADABLE}; no reader of Iceberg holds them all",
        "date",
        rejects("0000-01-01", "0000-00-00", "-0001-01-01", "0044-03-15 (BC)")
        | rejects("10000-01-01", "infinity", "-infinity"),
    ),
    Group(
        "30 February, month 13, day 0",
        UNREADABLE,
        "date",
        rejects("2026-02-30", "2023-02-29", "1900-02-29", "2026-13-01", "2026-00-10"),
    ),
    Group("29 February", "accepted", "date", {"2024-02-29": date(2024, 2, 29)}),
    Group(
        "date of two digits a year, day first, or a word",
        f"{UNREADABLE}; `csv.date_format` reads other orders",
        "date",
        rejects("26-01-02", "02.01.2026", "01/02/2026", "20260102", "2026-W01-1")
        | rejects("today", "now", "epoch", INDIC_DAY)
        # As many characters as a date that fits.
        | rejects(" 26-01-02 ", "026-01-02 ", "26/1/2 1:0", "44-1-2(BC)"),
    ),
    Group(
        "date spelled otherwise",
        "accepted: the same day",
        "date",
        dict.fromkeys(
            ["2026/01/02", "2026-1-2", " 2026-01-02 ", "2026-01-02T00:00:00Z"],
            date(2026, 1, 2),
        ),
    ),
    Group(
        "date with a time or an offset",
        f"{UNREADABLE}; it is another day elsewhere",
        "date",
        rejects("2026-01-02 12:00:00", "2026-01-02 00:00:00+05:00"),
    ),
]
TIMES = [
    Group(
        "timestamp in the years 1 and 9999",
        "accepted",
        "timestamp",
        {
            "0001-01-01 00:00:00": datetime(1, 1, 1),  # noqa: DTZ001
            "9999-12-31 23:59:59.999999": LAST,
        },
    ),
    Group(
        "timestamp in year 0, from 10000 on, or infinite",
        UNREADABLE,
        "timestamp",
        rejects("0000-12-31 23:59:59", "10000-01-01 00:00:00", "infinity"),
    ),
    Group(
        "second 60 (23:59:60)",
        UNREADABLE,
        "timestamp",
        rejects("2016-12-31 23:59:60", "2026-01-02 12:00:60"),
    ),
    Group("second 60 (23:59:60)", UNREADABLE, "time", rejects("23:59:60")),
    Group(
        "timestamp of two digits a year",
        UNREADABLE,
        "timestamp",
        rejects("26-01-02 10:00:00", "26-01-02 10:00:00.5", " 26-01-02 10:00:00 "),
    ),
    Group(
        "24:00:00 of a day",
        "accepted: as ISO 8601 means it, 00:00 of the next",
        "timestamp",
        {"2026-01-01 24:00:00": DAY},
    ),
    Group(
        "digits after the microsecond",
        f"{UNREADABLE}; zeros may follow",
        "timestamp",
        rejects("2026-01-02 00:00:00.1234567", "9999-12-31 23:59:59.9999999")
        | {"2026-01-02 00:00:00.000000000": DAY},
    ),
    Group(
        "offset in a timestamp without time zone",
        f"{UNREADABLE}, but for UTC's own",
        "timestamp",
        rejects("2026-01-02T00:00:00+02:00", "2026-01-02 00:00:00 Europe/Berlin")
        | rejects("2026-1-2 1:00:00+02")
        | {"2026-01-02T00:00:00Z": DAY, "2026-01-02T00:00:00+00:00": DAY},
    ),
    Group(
        "wall clock in a gap or an overlap of summer time",
        "accepted: as it is written, without a zone",
        "timestamp",
        {
            "2026-03-29 02:30:00": datetime(2026, 3, 29, 2, 30),  # noqa: DTZ001
            "2026-10-25 02:30:00": datetime(2026, 10, 25, 2, 30),  # noqa: DTZ001
        },
    ),
    Group(
        "seconds since 1970, or half a day's clock",
        UNREADABLE,
        "timestamp",
        rejects("1767323045", "2026-01-02 03:04:05 PM", "2026-02-30 00:00:00"),
    ),
    Group(
        "time of day",
        "accepted",
        "time",
        {"00:00:00": time(0), "23:59:59.999999": time(23, 59, 59, 999999)},
    ),
    Group(
        "time of day with a date, an offset, or past the day",
        UNREADABLE,
        "time",
        rejects("24:00:00", "12:00:00+02:00", "2026-01-02 12:00:00", "07:05 PM")
        | rejects("1:0:0+02", "2026-1-2", "10:00:1+"),
    ),
]
ZONED = "timestamp with time zone"
ZONES = [
    Group(
        "offsets",
        "accepted: the same moment in UTC",
        ZONED,
        {
            "2026-01-02T03:04:05Z": at(3, 4, 5),
            "2026-01-02T03:04:05+02:00": at(1, 4, 5),
            "2026-01-02T03:04:05+02": at(1, 4, 5),
            "2026-01-02 03:04:05-09:30": at(12, 34, 5),
            "2026-01-02 14:00:00+14:00": at(0),
            "2026-01-02 03:04:05 UTC": at(3, 4, 5),
        },
    ),
    Group(
        "no offset where there should be one",
        "accepted: taken for UTC",
        ZONED,
        {"2026-01-02 03:04:05": at(3, 4, 5)},
    ),
    Group(
        "the hour that summer time repeats, with offsets",
        "accepted: two moments",
        ZONED,
        {
            "2026-10-25T02:30:00+02:00": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            "2026-10-25T02:30:00+01:00": datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        },
    ),
    Group(
        "time zone by name",
        f"{UNREADABLE}; a name says too little where summer time begins and ends",
        ZONED,
        rejects("2026-03-29 02:30:00 Europe/Berlin", "2026-10-25 02:30:00 CET"),
    ),
    Group(
        "impossible offset",
        UNREADABLE,
        ZONED,
        rejects("2026-01-02T03:04:05+16:00", "2026-01-02T03:04:05+02:75")
        | rejects("2026-1-2 3:04:05+16"),
    ),
    Group(
        "moment that UTC puts out of the years 1 to 9999",
        UNREADABLE,
        ZONED,
        rejects("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
    ),
    Group("second 60 (23:59:60)", UNREADABLE, ZONED, rejects("2016-12-31T23:59:60Z")),
]
MOMENTS = [*DATES, *TIMES, *ZONES]
