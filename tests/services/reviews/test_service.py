"""Reviews from the first look to the next wording: who may, of which words, until when. On both databases."""

from __future__ import annotations

from datetime import date

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
    "account", ["grid1", "clerk1", "callback1", "vendor1", "trainer1", "auditor1", "admin1"]
)
async def test_nobody_else_reviews(services: Services, account: str) -> None:
    await refused(services, account, "not_yours")


@pytest.mark.parametrize("account", ["grid1", "clerk1", "callback1", "mediator1"])
async def test_who_reads_it_to_residents_may_say_that_it_is_wrong(
    services: Services, account: str
) -> None:
    await refused(services, account, "invalid_fields", ok=False)
    assert await say(services, account, ok=False, remark="抢修电话换了")
    found = await services.reviews.due(await who(services, "handler1"))
    assert [f.item.key for f in found] == [KEY], "the unit that owns it is told"
    assert await services.reviews.due(await who(services, account)) == []


@pytest.mark.parametrize("account", ["vendor1", "trainer1", "auditor1", "admin1"])
async def test_who_reads_nothing_to_residents_writes_no_remark(
    services: Services, account: str
) -> None:
    await refused(services, account, "not_yours", ok=False, remark="抢修电话换了")


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
    for key in ("safety-burst", "redirect-number_water", "redirect-water_fee"):
        first = await services.reviews.following(KEY, handler)
        assert first is not None and first.key == key
        await say(services, "handler1", key=key, form=f"form-{key}")
    assert await services.reviews.following(KEY, handler) is None


async def test_safety_cards_have_a_unit_each_and_the_check_knows_the_states(
    services: Services,
) -> None:
    units = {o.id for o in services.people.orgs()}
    items = services.reviews.items()
    assert [i.key for i in items if i.owner not in units] == []
    leaves = {i.key.removeprefix("card-") for i in items if i.kind == "card"}
    own = {i.key.removeprefix("safety-") for i in items if i.kind == "safety"} - leaves
    rules = services.reviews.rules
    further = {id for id, row in rules.wordings.items() if row.kind == "safety"}
    assert own - further - {"general", "foreign", "snow"} == set(rules.owners["safety"]), (
        "each has a unit of its own"
    )
    await say(services, "dispatcher1", key="safety-general")
    await say(services, "handler1", ok=False, remark="电话换了")
    states = await services.reviews.for_check()
    texts = [
        f.text for f in services.catalogue.check(
            reviews=states["card"], safety=states["safety"], others={"证明": states["certificate"]}
        )
    ]  # fmt: skip
    assert any(t.startswith("有人说有错，还没改：1张（H1）") for t in texts)
    assert any(t.startswith("还没有人复核：94张") for t in texts)
    assert any(t.startswith("安全提示卡还没有人复核：32条") for t in texts)
    assert any(t.startswith("证明还没有人复核：24条（亲属关系证明") for t in texts)


async def test_a_certificate_is_read_with_all_that_is_told_of_it(services: Services) -> None:
    found = await seen(services, "certificate-1")
    told = dict(found.item.content)
    assert found.item.owner == "civil" and told["allowed"] == ("refused",)
    assert told["basis"] == ("民发〔2020〕20号第1项",) and told["card"][0].startswith("A4 ")
    assert told["elder.redirect"] and "asks" not in told, "nothing is asked where nothing is issued"
    left = dict((await seen(services, "certificate-困难情况说明")).item.content)
    assert left["allowed"] == ("depends",) and left["asks"] == ("place", "demanded")
    assert "basis" not in left, "the State's list does not have it"
    await say(services, "supervisor1", key="certificate-1")
    policy = services.catalogue._certificates
    other = policy.items[0].model_copy(update={"redirect": "到公证处。"})
    services.catalogue.__dict__["_certificates"] = policy.model_copy(
        update={"items": (other, *policy.items[1:])}
    )
    found = await seen(services, "certificate-1")
    assert found.standing.state == "changed" and list(found.changes) == ["redirect"]
    assert (await seen(services, "certificate-2")).standing.state == "none", "its words are its own"


async def test_what_the_file_says_of_its_certificates_ends_like_a_review(
    services: Services,
) -> None:
    policy = services.catalogue._certificates
    for day, state in ((date(2025, 11, 24), "good"), (date(2025, 11, 23), "expired")):
        services.catalogue.__dict__["_certificates"] = policy.model_copy(
            update={"reviewed_by": "县民政局", "reviewed_on": day}
        )
        assert (await seen(services, "certificate-1")).standing.state == state


async def test_further_words_are_there_in_both_forms_and_belong_to_units(
    services: Services,
) -> None:
    items = {i.key: i for i in services.reviews.items()}
    assert services.reviews.problems() == []
    crisis = dict(items["safety-crisis"].content)
    assert (
        "12356" in crisis["查不到提示卡时.plain"][0]
        and "12356" in crisis["查不到提示卡时.elder"][0]
    )
    assert "12110" in dict(items["safety-violence"].content)["查不到提示卡时.elder"][0]
    sheet = dict(items["wording-refusal_notice"].content)
    assert "不应由社区" in sheet["正文"][0]
    limits = dict(items["wording-deadlines"].content)
    assert limits["source"] and any("普通：受理2小时" in line for line in limits["classes"])
    assert any("行政许可法" in line for line in limits["rest"])
    assert items["redirect-passport"].owner == "police" and items["redirect-pension"].owner == "hr"
    assert "0439-00000003" in dict(items["redirect-number_water"].content)["phone"]


async def test_words_that_are_named_and_not_there_are_told(services: Services) -> None:
    row = services.reviews.rules.wordings["privacy"]
    broken = row.model_copy(
        update={"said": {"texts/privacy.yml": {"versions.99": "没有的", "page.x": "没有的"}}}
    )
    object.__setattr__(services.reviews.rules, "wordings", {"privacy": broken})
    assert services.reviews.problems() == [
        f"reviews.yml：privacy 的 {path} 在 texts/privacy.yml 里没有"
        for path in ("versions.99", "page.x")
    ]
