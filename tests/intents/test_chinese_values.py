"""What Chinese words of a slot mean: numbers, durations, times, colours, states, places."""

import pytest

from edge_agent.intents.script import simplified, traditional
from edge_agent.intents.values import read
from edge_agent.intents.values.reading import state_of, time_on

MEANT: dict[str, dict[str, str | int | float]] = {
    "value": {
        '百分之三十': 30,
        '三成': 30,
        '一半': 50,
        '二十六度半': 26.5,
        '零下五度': -5,
        '华氏七十度': 21.11,
        '70华氏度': 21.11,
        '70℉': 21.11,
        '７０°Ｆ': 21.11,
        '4000K': 4000,
        '四千五开': 4500,
        '两千七百K': 2700,
        '３０％': 30,
        '百分之五十五': 55,
        '最亮': 100,
        '最亮的': 100,
        '三十趴': 30,
        '四分之三': 75,
        '三分之一': 33,
        '两百五': 250,
        '一百': 100,
        '百分之百': 100,
        '26': 26,
        '二十六点五度': 26.5,
        '最低': 1,
        '開到一半': 50,
        '三成五': 35,
        '26度5': 26.5,
        '百分百': 100,
        '零': 0,
        '５０': 50,
        '摄氏二十六度': 26,
        '百分之零': 0,
        '一百零五': 105,
    },
    "change": {
        '两度': 2,
        '半度': 0.5,
        '9华氏度': 5,
        '一度半': 1.5,
        '百分之十': 10,
        '五百K': 500,
        '十个百分点': 10,
    },
    "duration": {
        '一个半小时': 5400,
        '三刻钟': 2700,
        '90分钟': 5400,
        '两分半': 150,
        '六分半钟': 390,
        '半小时': 1800,
        '半个钟头': 1800,
        '一小时零五分': 3900,
        '1小时20': 4800,
        '一个小时二十分钟': 4800,
        '45秒': 45,
        '四十五秒钟': 45,
        '两个半小时': 9000,
        '1.5小时': 5400,
        '十分钟的': 600,
        '2小时的': 7200,
        '兩分鐘': 120,
        '半個小時': 1800,
        '３０分钟': 1800,
        '一刻钟': 900,
        '90s': 90,
        '25min': 1500,
        '一个钟': 3600,
        '三分二十秒': 200,
        '半分钟': 30,
        '一天': 86400,
        '两个钟头': 7200,
        '八分钟': 480,
        '一点五小时': 5400,
    },
    "time": {
        '早上七点半': '07:30',
        '下午三点一刻': '15:15',
        '晚上十点二十': '22:20',
        '凌晨两点': '02:00',
        '中午十二点': '12:00',
        '差五分八点': '07:55',
        '八点差五分': '07:55',
        '差一刻九点': '08:45',
        '7:30': '07:30',
        '7：30': '07:30',
        '18点': '18:00',
        '晚上八点': '20:00',
        '中午一点': '13:00',
        '半夜十二点': '00:00',
        '晚上十二点': '00:00',
        '正午': '12:00',
        '零点': '00:00',
        '六点零五': '06:05',
        '6点50': '06:50',
        '傍晚六点三刻': '18:45',
        '七点整': '07:00',
        '七点钟': '07:00',
        '下午3点': '15:00',
        '二十一点四十': '21:40',
        '晚上差五分八点': '19:55',
        '早上八點': '08:00',
        '七点过五分': '07:05',
        '十二点半': '12:30',
        '上午十二点': '12:00',
        '晚上六点': '18:00',
        '半夜两点': '02:00',
        '晚上一点': '01:00',
        '两点半': '02:30',
        '６点': '06:00',
        'pm 8:00': '20:00',
        '七点十五分': '07:15',
    },
    "color": {
        '暖白色': 'warm_white',
        '天蓝色': 'light_blue',
        '红': 'red',
        '红色的': 'red',
        '粉色': 'pink',
        '暖黄光': 'warm_white',
        '綠色': 'green',
        '冷白光': 'cool_white',
    },
    "mode": {
        '制冷': 'cool',
        '制热模式': 'heat',
        '除湿': 'dry',
        '送风': 'fan',
        '自动': 'auto',
        '睡眠模式': 'sleep',
        '節能': 'eco',
        'ECO': 'eco',
        '離家': 'away',
    },
    "state": {
        '开着': 'on',
        '亮着': 'on',
        '锁好': 'locked',
        '关了没': 'off',
        '开没开': 'on',
        '锁上': 'locked',
        '关上': 'closed',
        '没锁': 'unlocked',
        '還亮著': 'on',
        '关掉': 'off',
        '锁没锁': 'locked',
        '开了': 'on',
        '关好': 'closed',
        '关严': 'closed',
        '开': 'on',
        '灭了': 'off',
        '打开': 'on',
        '关着': 'off',
    },
    "property": {
        '温度': 'temperature',
        '多少度': 'temperature',
        '湿度': 'humidity',
        '二氧化碳浓度': 'co2',
        '功率': 'power',
        'PM2.5': 'pm25',
        '电量': 'battery',
        '空气质量': 'air_quality',
    },
    "area": {
        '客厅里的': '客厅',
        '全部': 'all',
        '所有': 'all',
        '家里所有': 'all',
        '全屋': 'all',
        '阳台上': '阳台',
        '楼上': '楼上',
        '厨房的': '厨房',
        '我的房间': '我的房间',
        '小明的房间': '小明的房间',
        '客厅那边': '客厅',
        '那盏台灯': '台灯',
    },
    "day": {"周日早": "周日", "每天早": "每天", "明早": "明早", "今晚": "今晚"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("slot", "words", "value"),
    [(slot, words, value) for slot, meant in MEANT.items() for words, value in meant.items()],
)
def test_the_words_mean_the_value(slot: str, words: str, value: str | float) -> None:
    assert read(slot, words, "zh") == value


@pytest.mark.parametrize(("slot", "words"), [(s, w) for s, meant in MEANT.items() for w in meant])
def test_traditional_characters_mean_the_same(slot: str, words: str) -> None:
    here = read(slot, words, "zh")
    there = read(slot, traditional(words), "zh")
    assert (simplified(there) if isinstance(there, str) else there) == here


@pytest.mark.parametrize(
    ("day", "time", "clock"),
    [
        ("明晚", "八点", "20:00"),
        ("明早", "七点", "07:00"),
        ("5月3号", "七点", "07:00"),
        ("今晚", "10点半", "22:30"),
        ("周五", "7点", "07:00"),
    ],
)
def test_the_day_may_tell_the_half_of_the_day(day: str, time: str, clock: str) -> None:
    assert time_on(day, time, "zh") == clock


@pytest.mark.parametrize("slot", ["value", "duration", "time", "color", "mode", "state"])
def test_words_without_a_value_mean_none(slot: str) -> None:
    assert read(slot, "冰箱", "zh") is None


@pytest.mark.parametrize(
    ("thing", "words", "state"),
    [
        ("卷帘门", "开着", "open"),
        ("窗户", "关", "closed"),
        ("cover", "开没开", "open"),
        ("大门", "锁着", "locked"),
        ("热水器", "开着", "on"),
        ("门铃", "开着", "on"),
        ("light", "关了", "off"),
    ],
)
def test_what_opens_is_open_and_not_on(thing: str, words: str, state: str) -> None:
    assert state_of(thing, words, "zh") == state
