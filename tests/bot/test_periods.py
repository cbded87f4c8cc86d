"""Named days, stretches and what the public cases taught: relative to Tuesday, 24 November 2026."""

from datetime import datetime

import pytest

from bot.understanding.contacts import find_phones
from bot.understanding.numbers import to_int
from bot.understanding.times import find_times

NOW = datetime(2026, 11, 24, 10, 0)


@pytest.mark.parametrize(
    ("text", "words", "start", "end"),
    [
        # named days
        ("清明节放假吗", "清明节", "2027-04-05", "2027-04-05"),
        ("冬至那天送饺子", "冬至", "2026-12-22", "2026-12-22"),
        ("六一儿童节有活动没", "六一儿童节", "2027-06-01", "2027-06-01"),
        ("去年母亲节办过", "去年母亲节", "2025-05-11", "2025-05-11"),
        # lunar days without a word for it
        ("八月初五办事", "八月初五", "2027-09-05", "2027-09-05"),
        ("去年闰六月报的", "去年闰六月", "2025-07-25", "2025-08-22"),
        # parts of a year, the last and the next
        ("上个季度的物业费", "上个季度", "2026-07-01", "2026-09-30"),
        ("25年第三季度的账", "25年第三季度", "2025-07-01", "2025-09-30"),
        ("近半年老停水", "近半年", "2026-05-24", "2026-11-24"),
        ("最近一个月没人扫", "最近一个月", "2026-10-24", "2026-11-24"),
        ("前两周报的", "前两周", "2026-11-10", "2026-11-24"),
        ("上一周来过", "上一周", "2026-11-16", "2026-11-22"),
        ("未来三天停水吗", "未来三天", "2026-11-24", "2026-11-27"),
        ("再过三天就到期", "再过三天", "2026-11-27", "2026-11-27"),
        ("48小时内修好", "48小时内", "2026-11-24", "2026-11-26"),
        ("下个月第一个周六义诊", "下个月第一个周六", "2026-12-05", "2026-12-05"),
        # years in two figures
        ("98年的房子", "98年", "1998-01-01", "1998-12-31"),
        ("15年3月交的钱", "15年3月", "2015-03-01", "2015-03-31"),
        ("零八年领的证", "零八年", "2008-01-01", "2008-12-31"),
        # stretches
        ("2025年8月11日至8月22日", "2025年8月11日至8月22日", "2025-08-11", "2025-08-22"),
        ("去年七月到十一月", "去年七月到十一月", "2025-07-01", "2025-11-30"),
        ("从上个月到今天没水", "上个月到今天", "2026-10-01", "2026-11-24"),
        ("2019到2021年的收据", "2019到2021年", "2019-01-01", "2021-12-31"),
        # hours
        ("9-11点来", "9-11点", "2026-11-24T09:00", "2026-11-24T11:00"),
        ("晚上七到九点有人", "晚上七到九点", "2026-11-24T19:00", "2026-11-24T21:00"),
        ("晚上十点到凌晨两点唱歌", "晚上十点到凌晨两点", "2026-11-24T22:00", "2026-11-25T02:00"),
        ("25日8时至26日20时停水", "25日8时至26日20时", "2026-11-25T08:00", "2026-11-26T20:00"),
        ("11 月 25 日 8 时至 18 时", "11 月 25 日 8 时至 18 时",
         "2026-11-25T08:00", "2026-11-25T18:00"),
        ("28号（周六）上午9点", "28号（周六）上午9点", "2026-11-28T09:00", "2026-11-28T09:00"),
        ("明天 下午3点", "明天 下午3点", "2026-11-25T15:00", "2026-11-25T15:00"),
        ("下周的周六", "下周的周六", "2026-12-05", "2026-12-05"),
    ],
)  # fmt: skip
def test_period(text: str, words: str, start: str, end: str) -> None:
    (span,) = find_times(text, NOW)
    assert (span.text, span.value["start"], span.value["end"]) == (words, start, end)


def test_a_list_of_days_shares_its_month() -> None:
    days = [s.value["start"] for s in find_times("12月30号、31号都行", NOW)]
    assert days == ["2026-12-30", "2026-12-31"]


@pytest.mark.parametrize(
    "text",
    ["嫁过去六年", "考前一周", "清明路有个坑", "附近三个小区", "70年产权", "住了55年的房子",
     "百十号人", "2-3点建议", "一到八点就吵", "温度调到24点5度"],
)  # fmt: skip
def test_no_period(text: str) -> None:
    assert find_times(text, NOW) == []


@pytest.mark.parametrize(
    "text",
    ["3000年前就有了", "八千年后", "99999999天后", "未来99999个月", "99999999999个工作日内",
     "过去99999年", "99999999999小时内"],
)  # fmt: skip
def test_no_date_of_our_calendar(text: str) -> None:
    assert find_times(text, NOW) == []


@pytest.mark.parametrize(
    ("words", "number"),
    [("一百五", 150), ("一百零五", 105), ("两千四", 2400), ("一千零五", 1005), ("三零二", 302)],
)
def test_number(words: str, number: int) -> None:
    assert to_int(words) == number


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("座机（0435）6221234", "04356221234"),
        ("电话622-1234", "6221234"),
        ("联系电话010-65980408-8001", "01065980408"),
    ],
)
def test_landline(text: str, digits: str) -> None:
    assert [s.value for s in find_phones(text)] == [digits]


def test_a_decimal_is_no_phone() -> None:
    assert find_phones("经度77.034040723966") == []
