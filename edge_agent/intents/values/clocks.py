"""Times of day as `HH:MM`, from an hour, its minutes and the half of the day that was said."""

from collections.abc import Callable, Mapping

Half = Callable[[int], int]
"""What a part of the day makes of an hour from 0 to 12: 8 in the evening is 20."""


def time_of_day(hour: int, minute: int = 0, half: Half | None = None) -> str | None:
    """A time as `HH:MM`; minutes are negative before the hour. None where there is no such."""
    if not (0 <= hour <= 24 and -100 < minute < 60):
        return None
    if half and hour <= 12:
        hour = half(hour)
    total = (hour * 60 + minute) % (24 * 60)
    return f"{total // 60:02}:{total % 60:02}"


def morning(hour: int) -> int:
    """In the morning, am."""
    return hour % 12


def afternoon(hour: int) -> int:
    """In the afternoon, in the evening, pm."""
    return hour % 12 + 12


def evening(hour: int) -> int:
    """In the evening; twelve is midnight."""
    return 0 if hour % 12 == 0 else hour + 12


def night(hour: int) -> int:
    """At night: 8 to 11 lie before midnight."""
    return hour + 12 if 7 <= hour < 12 else hour % 12


def noon(hour: int) -> int:
    """At noon: 12 stays, 1 and 2 lie after it."""
    return hour if hour >= 10 else hour + 12


HALVES: Mapping[str, Half] = {
    "morning": morning, "afternoon": afternoon, "evening": evening, "night": night, "noon": noon,
}  # fmt: skip
