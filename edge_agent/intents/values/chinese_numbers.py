"""Chinese numbers in figures: 一百二十三, 两千五, 二十六度半, 百分之三十, 三成, 一个半小时."""

import re
from collections.abc import Callable

_DIGITS = {
    **{digit: value for value, digit in enumerate("零一二三四五六七八九")},
    **{digit: value for value, digit in enumerate("0123456789")},
    **{"〇": 0, "幺": 1, "两": 2, "俩": 2},
}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}
_SPOKEN = "零〇一二三四五六七八九幺两俩十百千万"
_NUMERAL = re.compile(f"\\d[千百万][\\d{_SPOKEN}]*|[{_SPOKEN}]+")
_FIGURES = r"(\d+(?:\.\d+)?)"
_TIME = "小时|钟头|钟|分钟|分(?!之)|秒钟|秒|天"
_THING = f"度|{_TIME}|档|格"

_SAID_OTHERWISE = (
    ("百分之百", "%100"),
    ("百分之", "%"),
    ("百分百", "100%"),
    ("百分点", "%"),
    ("廿", "二十"),
    ("一半", "50%"),
    ("最亮", "100%"),
    ("最大", "100%"),
)

Rewrite = Callable[[re.Match[str]], str]


def integers(text: str) -> str:
    """The text with each whole number that is said in words written in figures."""
    return _NUMERAL.sub(lambda found: str(integer(found[0])), text)


def figures(text: str) -> str:
    """The text with every number in figures: decimals, halves, shares (as `30%`) and minus too."""
    written = integers(_in_plain(text))
    for pattern, rewrite in _REWRITES:
        written = pattern.sub(rewrite, written)
    return written


def _in_plain(text: str) -> str:
    for said, meant in _SAID_OTHERWISE:
        text = text.replace(said, meant)
    return text


def integer(said: str) -> int:
    """A whole number in words; the last unit may be left out (两千七 is 2700)."""
    if not any(each in _UNITS for each in said):
        return int("".join(str(_DIGITS[each]) for each in said))
    myriads = below = digit = 0
    place = 1
    for each in said:
        if each in _DIGITS:
            digit, place = _DIGITS[each], place if _DIGITS[each] else 10
            continue
        place = _UNITS[each]
        if place == _UNITS["万"]:
            myriads, below = (below + digit) * place, 0
        else:
            below += (digit or 1) * place
        digit = 0
    return myriads + below + digit * place // 10


def _float(number: float) -> str:
    return f"{number:g}" if number < 1e6 else str(int(number))


def _share(found: re.Match[str]) -> str:
    return f"{round(100 * int(found[2]) / (int(found[1]) or 1))}%"


_REWRITES: tuple[tuple[re.Pattern[str], Rewrite], ...] = tuple(
    (re.compile(pattern), rewrite)
    for pattern, rewrite in (
        (r"(\d+)点(\d+)", lambda found: f"{found[1]}.{found[2]}"),
        (r"(\d+)分之(\d+)", _share),
        (rf"%{_FIGURES}", lambda found: f"{found[1]}%"),
        (r"(\d)成(\d)", lambda found: f"{found[1]}{found[2]}%"),
        (r"(\d)成半", lambda found: f"{found[1]}5%"),
        (r"(\d+)成", lambda found: f"{int(found[1]) * 10}%"),
        (r"(\d+)个半", lambda found: f"{found[1]}.5"),
        (rf"(\d+)({_THING})半", lambda found: f"{found[1]}.5{found[2]}"),
        (r"(\d+)度(\d)", lambda found: f"{found[1]}.{found[2]}度"),
        (rf"(?<![\d.])半个?(?={_THING})", lambda _: "0.5"),
        (r"(?<=[\d.])个", lambda _: ""),
        (rf"{_FIGURES}刻钟?", lambda found: f"{_float(float(found[1]) * 15)}分钟"),
        (r"(\d小时)(\d+)$", lambda found: f"{found[1]}{found[2]}分"),
        (r"(\d分)(\d+)$", lambda found: f"{found[1]}{found[2]}秒"),
        (rf"(?:零下|0下|负)(?={_FIGURES})", lambda _: "-"),
        (rf"华氏{_FIGURES}度?", lambda found: f"{found[1]}华氏度"),
        (rf"{_FIGURES}({_TIME})", lambda found: f"{found[1]}{found[2]} "),
    )
)
