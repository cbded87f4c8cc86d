"""Pages of staff say what they mean in Chinese: no names of settings, file formats, fields or commands."""

from __future__ import annotations

import re

import pytest

from services.config import Settings
from services.context import build
from services.web.console.menu import menu_of
from tests.services.web.conftest import Client, Token

TECHNICAL = re.compile(
    r"LINDA_|YAML|JSON|CSV|\.yml|webhook|make train|[a-z]+_[a-z]+", re.IGNORECASE
)
TAGS = re.compile(r"<(script|style)[\s\S]*?</\1>|<[^>]+>")


def words(page: str) -> str:
    """What stands on a page."""
    return TAGS.sub(" ", page)


@pytest.mark.parametrize("role", ["admin", "auditor", "supervisor", "clerk", "trainer"])
async def test_no_technical_word_stands_on_a_page(
    client: Client, as_staff: Token, role: str
) -> None:
    headers = await as_staff(f"{role}1")
    for entry in menu_of(role):  # type: ignore[arg-type]
        answer = await client.get(entry.path, headers=headers)
        assert answer.status == 200, entry.path
        text = words(await answer.text())
        found = TECHNICAL.search(text)
        assert found is None, (entry.path, text[max(0, found.start() - 40) : found.end() + 40])
    if role == "admin":
        start = words(await (await client.get("/console/start", headers=headers)).text())
        assert "还没有设好自动通知值班领导" in start


def test_the_scan_finds_what_it_looks_for() -> None:
    for said in (
        "没有配置（LINDA_DUTY_WEBHOOK）",
        "（YAML、JSON）",
        "（locality.yml 的 x）",
        "due_day 填错",
    ):
        assert TECHNICAL.search(words(f"<p>{said}</p>")), said
    assert TECHNICAL.search(words('<a href="/x?due_day=1">看</a>')) is None


@pytest.mark.parametrize("path", ["data/report?period=x", "themes?year=x", "reviews?kind=x"])
async def test_an_address_written_by_hand_is_answered_without_names_of_fields(
    client: Client, as_staff: Token, path: str
) -> None:
    headers = await as_staff("dispatcher1")
    answer = await client.get(f"/console/{path}", headers=headers)
    text = words(await answer.text())
    assert answer.status == 422 and "网址里有看不懂的地方。请回到页面上重新选" in text
    assert not re.search(r"\b(period|year|kind)\b", text)


async def test_a_program_is_told_the_field(client: Client, as_staff: Token) -> None:
    headers = await as_staff("dispatcher1")
    answer = await client.get("/api/v1/reviews?kind=x", headers=headers)
    assert answer.status == 422 and "kind" in (await answer.json())["error"]["fields"]


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
async def test_what_is_reviewed_is_named_in_chinese(settings: Settings, locality: str) -> None:
    services = build(settings.model_copy(update={"locality": locality}))
    try:
        rules = services.reviews.rules
        assert services.reviews.problems() == []
        units = {o.id for o in services.people.orgs()}
        for item in services.reviews.items():
            assert item.owner in units, item.key
            for path, lines in item.content:
                label = rules.label(path)
                assert not re.search(r"[a-z]{2}", label), (item.key, path)
                assert not any(re.fullmatch(r"[a-z_]+", rules.word(x)) for x in lines), (
                    item.key,
                    path,
                )
    finally:
        await services.close()
