"""Reviews from the first look to the next wording: who may, of which words, until when. On both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.audit.tables import AuditEntryRow
from services.catalogue.model import Card
from services.context import Services
from services.errors import LindaError
from services.people.model import Staff
from services.reviews.service import Detail
from tests.services.conftest import TestClock

KEY = "card-H1"
"""The water company's, whose handler is handler1."""


async def who(services: Services, account: str) -> Staff:
    return next(s for s in await services.people.roster() if s.id == account)


async def seen(services: Services, key: str = KEY, account: str = "supervisor1") -> Detail:
    return await services.reviews.detail(key, await who(services, account))


async def say(
    services: Services, account: str, ok: bool = True, remark: str = "", key: str = KEY,
    digest: str = "", form: str = "form-1", days: int | None = None,
) -> int:  # fmt: skip
    digest = digest or (await seen(services, key)).item.digest
    return await services.reviews.review(
        key, await who(services, account), ok=ok, digest=digest, form=form, remark=remark, days=days
    )


def rewrite(services: Services, **words: str | None) -> Card:
    """Other words in the card, as after a change of the files and a restart."""
    cards = services.catalogue._cards
    cards["H1"] = cards["H1"].model_copy(update=words)
    return Card.model_validate(cards["H1"].model_dump())


async def refused(services: Services, account: str, code: str, **given: object) -> None:
    with pytest.raises(LindaError) as caught:
        await say(services, account, **given)  # type: ignore[arg-type]
    assert caught.value.code == code


async def test_a_review_is_kept_with_who_when_as_what_and_until_when(services: Services) -> None:
    assert (await seen(services)).standing.state == "none"
    one = await say(services, "handler1", remark="照新价目核对过")
    assert await say(services, "handler1") == one, "the same page sent twice"
    found = await seen(services)
    review = found.standing.review
    assert found.standing.state == "good" and review is not None and len(found.reviews) == 1
    assert (review.by_name, review.office) == ("陈师傅", "青禾县自来水公司 承办单位")
    assert (str(review.at.date()), str(review.until)) == ("2026-11-24", "2027-11-24")
    async with services.db.read() as s:
        entry = await s.scalar(select(AuditEntryRow).where(AuditEntryRow.action == "review.ok"))
    assert entry is not None and entry.subject == f"review:{KEY}" and entry.who == "handler1"


async def test_other_words_are_to_be_read_again(services: Services, clock: TestClock) -> None:
    await say(services, "supervisor1")
    digest = (await seen(services)).item.digest
    fee = (await seen(services)).item.content
    rewrite(services, fee="每吨多少以当地窗口为准。", where=None)
    found = await seen(services)
    assert found.standing.state == "changed"
    assert found.changes == {part: dict(fee)[part] for part in ("fee", "where")}
    assert found.shown[-1] == ("where", ()), "what is gone is shown, too"
    await refused(services, "supervisor1", "words_changed", digest=digest, form="form-2")
    await say(services, "supervisor1", form="form-2", days=90)
    assert (await seen(services)).standing.state == "good"
    clock.advance(days=90)
    assert (await seen(services)).standing.state == "good", "its last day"
    clock.advance(days=1)
    assert (await seen(services)).standing.state == "expired"
    assert services.catalogue.card("H1") is not None, "residents are told it all the same"


async def test_another_phone_of_the_unit_is_another_wording(services: Services) -> None:
    before = (await seen(services)).item.digest
    orgs = services.catalogue._orgs
    orgs["water"] = orgs["water"].__class__("water", "青禾县自来水公司", "utility", "0439-00000099")
    assert (await seen(services)).item.digest != before


@pytest.mark.parametrize("account", ["handler1", "mediator1"])
async def test_a_unit_reviews_its_own_cards_only(services: Services, account: str) -> None:
    await refused(services, account, "not_yours", key="card-B1")
    own = "safety-burst" if account == "handler1" else "card-J1"
    assert await say(services, account, key=own)


@pytest.mark.parametrize(
    "account", ["grid1", "clerk1", "vendor1", "trainer1", "auditor1", "admin1"]
)
async def test_nobody_else_reviews(services: Services, account: str) -> None:
    await refused(services, account, "not_yours")


async def test_who_wrote_the_words_does_not_review_them(services: Services) -> None:
    card = rewrite(services, fee="每吨多少以当地窗口为准。")
    await services.reviews.wrote([card], "supervisor1")
    await refused(services, "supervisor1", "own_words")
    assert await say(services, "dispatcher1")
    rewrite(services, fee="以当地窗口为准。")
    assert await say(services, "supervisor1", form="form-2"), "of these nobody knows the author"
    with pytest.raises(LindaError, match="没有 nobody 这个账号"):
        await services.reviews.wrote([card], "nobody")


async def test_a_remark_waits_for_the_unit_until_it_is_answered(services: Services) -> None:
    await refused(services, "supervisor1", "invalid_fields", ok=False, remark=" ")
    number = await say(services, "supervisor1", ok=False, remark="抢修电话换了")
    handler, other = await who(services, "handler1"), await who(services, "mediator1")
    assert [f.item.key for f in await services.reviews.due(handler)] == [KEY]
    assert await services.reviews.due(other) == []
    assert (await seen(services)).standing.state == "wrong"
    await refused(services, "handler1", "remark_open")
    with pytest.raises(LindaError, match="责任单位"):
        await services.reviews.answer(KEY, number, other, "不用改")
    with pytest.raises(LindaError, match="写一句"):
        await services.reviews.answer(KEY, number, handler, " ")
    await services.reviews.answer(KEY, number, handler, "核对过，没有换")
    with pytest.raises(LindaError, match="已经有人答复"):
        await services.reviews.answer(KEY, number, handler, "核对过，没有换")
    assert await services.reviews.due(handler) == []
    assert (await seen(services)).reviews[0].answered_by == "陈师傅"
    assert await say(services, "handler1", form="form-2")


async def test_a_remark_is_over_when_the_words_have_changed(services: Services) -> None:
    number = await say(services, "supervisor1", ok=False, remark="收费写错了")
    rewrite(services, fee="以当地窗口为准。")
    assert (await seen(services)).standing.state == "changed"
    with pytest.raises(LindaError, match="已经改过"):
        await services.reviews.answer(KEY, number, await who(services, "handler1"), "不用改")


async def test_what_is_not_there_and_what_cannot_be_chosen(services: Services) -> None:
    await refused(services, "supervisor1", "review_not_found", key="card-Z9", digest="x")
    await refused(services, "supervisor1", "choice_unknown", days=7)


async def test_the_next_that_waits_goes_round(services: Services) -> None:
    handler = await who(services, "handler1")
    first = await services.reviews.following(KEY, handler)
    assert first is not None and first.key == "safety-burst"
    await say(services, "handler1", key="safety-burst")
    assert await services.reviews.following(KEY, handler) is None


async def test_safety_cards_have_a_unit_each_and_the_check_knows_the_states(
    services: Services,
) -> None:
    units = {o.id for o in services.people.orgs()}
    items = services.reviews.items()
    assert [i.key for i in items if i.owner not in units] == []
    leaves = {i.key.removeprefix("card-") for i in items if i.kind == "card"}
    own = {i.key.removeprefix("safety-") for i in items if i.kind == "safety"} - leaves
    assert own == set(services.reviews.rules.owners), "each has a unit of its own in the file"
    await say(services, "dispatcher1", key="safety-general")
    await say(services, "handler1", ok=False, remark="电话换了")
    cards, safety = await services.reviews.for_check()
    texts = [f.text for f in services.catalogue.check(reviews=cards, safety=safety)]
    assert any(t.startswith("有人说有错，还没改：1张（H1）") for t in texts)
    assert any(t.startswith("还没有人复核：94张") for t in texts)
    assert any(t.startswith("安全提示卡还没有人复核：22张") for t in texts)
