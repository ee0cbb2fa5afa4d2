"""How Chinese says times of day and the names of places; its numbers and words join in."""

import re
from functools import cache

from edge_agent.intents.script import simplified
from edge_agent.intents.values.chinese_numbers import figures, integers
from edge_agent.intents.values.clocks import Half, afternoon, night, noon, time_of_day
from edge_agent.intents.values.speech import Speech, speech

_LESS = r"[差欠](?P<{0}>\d+)(?P<{0}_quarters>刻)?(?:分钟?|钟)?"
_CLOCK = re.compile(
    rf"(?:{_LESS.format('before')}(?:到|就)?)?"
    r"(?<!\d)(?P<hour>\d{1,2})\s*[点时:]\s*(?:钟|整)?"
    r"(?:过?(?P<minutes>\d{1,2})(?!\d?[月号日])(?P<quarters>刻)?|(?P<half>半)|"
    rf"{_LESS.format('after')})?"
)
_AROUND = re.compile(
    r"^(?:[这這那][个個盏盞台扇]|[这這那][边邊]的?|[咱我][们們]?家[里裡]?的?)(?=.{2})"
    r"|(?<=..)(?:[里裡裏][面边邊头頭]|[那这這][边邊里裡儿兒]|[里裡裏内內的])+$"
    r"|(?<=[台臺廊房道子])上$"
)
_HALF_OF_DAY = re.compile("(?<=..)[早晚]$")
_WITHIN = r"(?:^|(?<=[，。,在把请让给]))(?P<room>{room})"
_PLAYED = re.compile(
    r"(?:听|看|播放|放|播)(?:一?[首点下段集个些曲])?(?P<cut>[^\W听看放播首点下段集个些一的给在到，。]{1,2})$"
)
_DAYS = re.compile(
    "(?:(?:今|明|后|大后)[天晚早]|(?:周|星期|礼拜)[一二三四五六日天]|每天)(?=[^到至和、早晚中上下的午\\d])"
)
_TWICE = re.compile(r"(.+)[没不]\1")
_EMPTY = re.compile(
    "^(?:现在|已经|是不是|有没有|是否|处于|还|都|是|在|被|给)+(?=.)"
    "|(?<=.)(?:模式|状态|档|值|浓度|的?颜色|色|光|着|了|没有|没|的|呢|吗|吧|住|得)+$"
)
_OPENING = re.compile("门(?![铃锁灯禁口])|窗(?!.*灯)|帘|阀|盖|棚|篷|闸|幕|^(?:cover|valve)$")
_ALONE = {"正午": "12:00", "中午": "12:00", "午夜": "00:00", "半夜": "00:00", "零点": "00:00"}


def _evening(hour: int) -> int:
    return hour + 12 if 5 <= hour < 12 else hour % 12


def _small_hours(hour: int) -> int:
    return hour % 12


_HALVES: tuple[tuple[str, Half], ...] = (
    ("凌晨", _small_hours),
    ("半夜|深夜|午夜|夜里", night),
    ("中午|正午", noon),
    ("下午|午后|傍晚|黄昏|pm|p.m", afternoon),
    ("晚|夜", _evening),
)


def clock(text: str) -> str | None:
    """A time of day as `HH:MM`: 早上七点半, 下午三点一刻, 差五分八点, 18:30; None without one."""
    said = integers(simplified(text))
    found = _CLOCK.search(said)
    if found is None:
        return next((time for word, time in _ALONE.items() if word in text), None)
    half = next((half for words, half in _HALVES if re.search(words, said)), None)
    return time_of_day(int(found["hour"]), _minutes(found), half)


def place(text: str) -> str:
    """The name of a place or thing without what points at it: 客厅里的 is 客厅."""
    return _AROUND.sub("", text)


def core(text: str) -> str:
    """A word without the particles around it: 还亮着 is 亮, 暖白色的 is 暖白, 开没开 is 开."""
    return _EMPTY.sub("", _TWICE.sub(r"\1", simplified(text)))


def opens(thing: str) -> bool:
    """Whether a thing, or a domain, opens: 开着 says that it is open, not on."""
    return bool(_OPENING.search(simplified(thing)))


def day(text: str) -> str:
    """A day without the half of it: 周日早 is 周日; 明早 is one word."""
    known = _DAYS.match(text)
    return _HALF_OF_DAY.sub("", known[0] if known else text)


def _minutes(found: re.Match[str]) -> int:
    if found["half"]:
        return 30
    return _count(found, "minutes", "quarters") - sum(
        _count(found, name, f"{name}_quarters") for name in ("before", "after")
    )


def _count(found: re.Match[str], number: str, quarters: str) -> int:
    return int(found[number] or 0) * (15 if found[quarters] else 1)


def _figures(text: str) -> str:
    return figures(simplified(text))


@cache
def chinese() -> Speech:
    """Chinese, its words read once."""
    return speech(
        "zh",
        _figures,
        clock=clock,
        name=place,
        core=core,
        opens=opens,
        day=day,
        within=_WITHIN,
        played=_PLAYED,
    )
