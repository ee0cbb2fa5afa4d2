"""German numbers in words, as figures."""

import re
from collections.abc import Sequence

from edge_agent.intents.values.typos import closest

_UNITS = ("null", "ein", "zwei", "drei", "vier", "fuenf", "sechs", "sieben", "acht", "neun")
_TEENS = (
    "zehn", "elf", "zwoelf", "dreizehn", "vierzehn", "fuenfzehn", "sechzehn", "siebzehn",
    "achtzehn", "neunzehn",
)  # fmt: skip
_TENS = (
    "zwanzig", "dreissig", "vierzig", "fuenfzig", "sechzig", "siebzig", "achtzig", "neunzig",
)  # fmt: skip
_SMALL = {
    **{word: value for value, word in enumerate([*_UNITS, *_TEENS])},
    **{word: value for value, word in zip(range(20, 100, 10), _TENS, strict=True)},
    "eins": 1, "eine": 1, "einen": 1, "einer": 1, "einem": 1, "zwo": 2, "dreizig": 30,
}  # fmt: skip
_COMPOUND = {
    unit + "und" + ten: _SMALL[unit] + _SMALL[ten] for unit in [*_UNITS[1:], "zwo"] for ten in _TENS
}
_BELOW_100 = _SMALL | _COMPOUND
_HALF = re.compile(r"(?P<whole>.*?)(?:und)?ein(?:e?)halb")
_POWERS = {"tausend": 1000, "hundert": 100}
_PARTS = {"halb": 0.5, "viertel": 0.25, "drittel": 1 / 3, "dreiviertel": 0.75}
_FIXED = {
    "anderthalb": "1.5", "eineinhalb": "1.5", "einundeinhalb": "1.5", "eineneinhalb": "1.5",
    "dreiviertelstunde": "0.75 stunde", "dreiviertelstunden": "0.75 stunde",
    "viertelstunde": "0.25 stunde", "viertelstunden": "0.25 stunde",
    "halbstunde": "0.5 stunde", "dutzend": "12",
}  # fmt: skip
_ENDINGS = re.compile(r"(?<=halb|rtel)(?:e[nrsm]?|s)$")
_ARTICLES = {"ein", "eine", "einen", "einer", "einem"}
_WORD = re.compile(r"[a-z]+|\d+(?:[.,:]\d+)*|[^\sa-z\d]")


def figures(text: str) -> str:
    """The text with its numbers in figures: `anderthalb Stunden` is `1.5 stunden`."""
    words = [_ENDINGS.sub("", _spelled(word)) for word in _WORD.findall(text)]
    said = [_figure(word) for word in _joined(words)]
    return _parts(" ".join(said))


def number(word: str) -> float | None:
    """What a number word stands for: `einundzwanzig`, `zweitausendsiebenhundert`, `zweieinhalb`."""
    if word in _BELOW_100:
        return _BELOW_100[word]
    half = _HALF.fullmatch(word)
    if half:
        whole = number(half["whole"])
        return None if whole is None else whole + 0.5
    for power, value in _POWERS.items():
        before, found, after = word.partition(power)
        if found:
            many, rest = number(before) if before else 1, _rest(after.removeprefix("und"))
            return None if many is None or rest is None else many * value + rest
    return None


def _rest(word: str) -> float | None:
    return number(word) if word else 0


def _figure(word: str) -> str:
    if word in _FIXED:
        return _FIXED[word]
    if word in _PARTS:
        return word
    value = number(word)
    return word if value is None else f"{value:.10g}"


def _joined(words: Sequence[str]) -> list[str]:
    """Numbers that were written apart, together: ein und zwanzig, zwei ein halb, zwei tausend."""
    joined: list[str] = []
    at = 0
    while at < len(words):
        length = next((n for n in (4, 3, 2) if _one_number(words[at : at + n], n)), 1)
        joined.append("".join(words[at : at + length]))
        at += length
    return joined


def _one_number(words: Sequence[str], length: int) -> bool:
    if len(words) < length or not all(map(str.isalpha, words)):
        return False
    glued = any(word in ("und", *_POWERS) or word.endswith("halb") for word in words[1:])
    word = "".join(words)
    return glued and words[0] != "halb" and (word in _FIXED or number(word) is not None)


def _parts(text: str) -> str:
    """Halves and quarters that are counted, and commas that are spoken."""
    said = re.sub(r"(\d+) (?:komma|punkt) (\d+)", r"\1.\2", text)
    said = re.sub(r"(\d+) komma (\d+)", r"\1.\2", said)
    said = re.sub(r"\b(?:3 viertel|dreiviertel)\b", "0.75", said)
    said = re.sub(r"\b(?:1 )?(halb|viertel|drittel)\b", lambda m: f"{_PARTS[m[1]]:.10g}", said)
    said = re.sub(r"\b1 (?=0\.\d)", "", said)
    return re.sub(r"\b(\d+) (?:und )?(0\.(?:5|25|75))\b", _sum, said)


def _sum(found: re.Match[str]) -> str:
    return f"{int(found[1]) + float(found[2]):.10g}"


def _spelled(word: str) -> str:
    known = word in _BELOW_100 or word in _PARTS or word in _FIXED or number(word) is not None
    return word if known else closest(word, _BELOW_100) or word
