"""Who no longer wants to be visited: what was seen and said goes with the yes, wherever it stood. On both databases."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.audit.tables import AuditEntryRow
from services.clock import ZONE
from services.context import Services
from services.db import Base
from services.lists.tables import ListItemRow
from services.retention.tables import ErasureRow
from services.tickets.core.actor import Actor, resident
from services.tickets.core.commands import CreateTicket
from services.visits.plan import Said, taken_back
from services.visits.service import NewAbsence, NewAlert, NewConsent, NewVisit
from services.visits.tables import CareAbsenceRow, CareAlertRow, CareVisitRow
from tests.services.tickets.world import ACTORS

CLERK, AUDITOR, DISPATCHER = ACTORS["clerk"], ACTORS["auditor"], ACTORS["dispatcher"]
WHO = "demo-elder-1"
NOTE, NEED, REMARK = "腿肿得下不了床", "血糖高得吓人，要人陪着去卫生院", "老人还咳血"


def day(n: int, hour: int = 9) -> datetime:
    """A day of January 2027, a month in which none of the demo's elders has been visited."""
    return datetime(2027, 1, n, hour, tzinfo=ZONE)


async def visit(services: Services, at: datetime, **given: Any) -> str | None:
    await services.clock.set(services.db, at)
    elder = next(e for e in await services.visits.elders(CLERK) if e.id == WHO)
    worker = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", (elder.grid_id,))
    body = {
        "id": f"visit-{at:%m%d%H}", "way": "door", "reached": True, "state": "ill", "note": NOTE,
        **given,
    }  # fmt: skip
    return await services.visits.record(WHO, NewVisit.model_validate(body), worker)


async def answer(services: Services, at: datetime, answer: str = "withdrawn", **given: Any) -> None:
    await services.clock.set(services.db, at)
    body = {"id": f"said-{answer}-{at:%m%d%H}", "answer": answer, "day": at.date(), **given}
    await services.visits.consent(WHO, NewConsent.model_validate(body), CLERK)


async def rows(services: Services, table: Any) -> list[Any]:
    async with services.db.read() as s:
        return [*await s.scalars(select(table).where(table.target_id == WHO).order_by(table.at))]


async def noted(services: Services) -> list[tuple[str, str | None]]:
    """What the visits of this month still say: note and how the elder was found."""
    return [
        (services.people.vault.decrypt(v.note_enc) if v.note_enc else "", v.state)
        for v in await rows(services, CareVisitRow)
        if v.at >= day(1)
    ]


async def found(services: Services) -> int:
    """How many visits tell something, those of the demo's months before as well."""
    return sum(bool(v.note_enc or v.state) for v in await rows(services, CareVisitRow))


async def anywhere(services: Services, *words: str) -> list[str]:
    """Tables in whose rows one of these words can be read."""
    there = []
    async with services.db.read() as s:
        for table in Base.metadata.sorted_tables:
            for row in await s.execute(select(table)):
                if any(word in str(row) for word in words):
                    there.append(table.name)
                    break
    return there


async def sound(services: Services) -> None:
    while await services.audit.seal():
        pass
    report = await services.audit.verify()
    assert report.count == 0, report.findings


async def entries(services: Services) -> list[AuditEntryRow]:
    query = select(AuditEntryRow).where(AuditEntryRow.action == "consent.withdraw")
    async with services.db.read() as s:
        return [*await s.scalars(query.order_by(AuditEntryRow.id))]


@pytest.mark.parametrize(("said", "at", "gone"), [
    ([], 9, False),
    ([(1, 1, True)], 9, False),
    ([(1, 1, True), (10, 10, False)], 9, True),
    ([(10, 10, False)], 9, True),                                   # seen before anybody had asked
    ([(1, 1, True), (10, 10, False)], 12, False),                   # after an alert: no yes to take back
    ([(1, 1, True), (10, 15, False)], 12, True),                    # said on the 10th, written down later
    ([(1, 1, True), (10, 10, False), (15, 15, True)], 9, True),     # a new yes is not for what was before
    ([(1, 1, True), (10, 10, False), (15, 15, True)], 16, False),
    ([(10, 20, False), (15, 15, True)], 16, False),                 # an old no that came to light later
    ([(10, 20, False), (15, 15, True)], 14, True),
    ([(1, 1, True), (10, 10, False), (15, 15, True), (20, 20, False)], 16, True),
])  # fmt: skip
def test_what_a_no_takes_back(said: list[tuple[int, int, bool]], at: int, gone: bool) -> None:
    answers = [Said(date(2027, 1, d), day(written, 12), yes) for d, written, yes in said]
    assert taken_back(answers, day(at)) is gone


async def test_notes_tickets_lists_and_search_are_emptied_at_once(services: Services) -> None:
    await visit(services, day(3))
    number = await visit(services, day(4), need=NEED)
    assert number is not None
    await services.tickets.act(number, "note", {"text": REMARK}, DISPATCHER)
    await services.lists.from_ticket(number, CLERK)
    listing = await services.tickets.list(DISPATCHER, q="血糖高得吓人")
    assert [t["ticket_no"] for t in listing["tickets"]] == [number]
    told = await found(services)
    await sound(services)
    assert {"ticket_events", "tickets", "list_items"} <= {*await anywhere(services, NEED[:8])}
    await answer(services, day(6), said_by="guardian")
    assert await noted(services) == [("", None), ("", None)]
    assert await anywhere(services, NEED[:8], NOTE, REMARK) == []
    assert (await services.tickets.list(DISPATCHER, q="血糖高得吓人"))["tickets"] == []
    view = await services.tickets.get(number, DISPATCHER)
    assert view["state"] not in ("CLOSED", "WITHDRAWN") and not view.get("subject_name")
    assert view["location"]["building_id"], "where to go is still known"
    async with services.db.read() as s:
        listed = await s.scalar(select(ListItemRow).where(ListItemRow.ticket_no == number))
    assert listed is not None and listed.title.startswith("幸福小区"), "where it is stays"
    (entry,) = await entries(services)
    assert (entry.who, entry.subject) == ("clerk1", f"elder:{WHO}")
    assert timedelta(0) <= entry.at - day(6) < timedelta(minutes=1)
    assert entry.data == {
        "kind": "care:visit", "answer": "withdrawn", "said_by": "guardian", "visits": told,
        "tickets": [number],
    }  # fmt: skip
    await sound(services)


async def test_that_somebody_was_there_stays_and_nothing_else_is_touched(
    services: Services,
) -> None:
    await visit(services, day(3))
    other = "demo-elder-2"
    body = NewVisit(id="visit-of-another", way="phone", reached=True, state="weaker", note=NOTE)
    elder = next(e for e in await services.visits.elders(CLERK) if e.id == other)
    worker = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", (elder.grid_id,))
    await services.visits.record(other, body, worker)
    before = [(g, r) for _, g, r in await services.visits.figures(AUDITOR, date(2027, 1, 1))]
    await answer(services, day(6))
    after = [(g, r) for _, g, r in await services.visits.figures(AUDITOR, date(2027, 1, 1))]
    assert sum(r.visited for _, r in after) == sum(r.visited for _, r in before) == 2
    async with services.db.read() as s:
        kept = await s.get_one(CareVisitRow, "visit-of-another")
    assert kept.state == "weaker" and kept.note_enc
    elder = next(e for e in await services.visits.elders(CLERK) if e.id == WHO)
    assert elder.declined and elder.name, "who is not to be pressed stays known"


async def test_a_yes_and_other_purposes_erase_nothing_and_twice_is_once(
    services: Services,
) -> None:
    await visit(services, day(3))
    await answer(services, day(4), "given")
    assert await noted(services) == [(NOTE, "ill")] and await entries(services) == []
    told = await found(services)
    await answer(services, day(5))
    await answer(services, day(5))
    assert await noted(services) == [("", None)] and len(await entries(services)) == 1
    # Willing again: what is noted from then on is kept, until the next no.
    await answer(services, day(7), "given")
    await visit(services, day(8))
    await answer(services, day(9), "refused", day=date(2027, 1, 6))
    assert await noted(services) == [("", None), (NOTE, "ill")], "that no is older than the yes"
    await answer(services, day(10), "refused")
    assert await noted(services) == [("", None), ("", None)]
    assert [e.data["visits"] for e in await entries(services)] == [told, 0, 1]


async def test_illness_is_told_by_no_absence_and_no_alert_that_was_seen_to(
    services: Services,
) -> None:
    await services.clock.set(services.db, day(2))
    stay = NewAbsence(
        id="away-hospital", kind="hospital", starts=date(2026, 12, 20), until=date(2026, 12, 28)
    )
    await services.visits.away(WHO, stay, CLERK)
    await services.visits.alert(WHO, NewAlert(id="alert-first", kind="discharged"), CLERK)
    await visit(services, day(3))
    await services.visits.alert(WHO, NewAlert(id="alert-second", kind="fall"), CLERK)
    await answer(services, day(4))
    assert [a.kind for a in await rows(services, CareAbsenceRow)] == ["away"]
    alerts = await rows(services, CareAlertRow)
    assert [a.kind for a in alerts] == ["other", "fall"], "danger first: nobody has been there yet"
    await visit(services, day(5))
    assert [a.kind for a in await rows(services, CareAlertRow)] == ["other", "other"]
    assert (await noted(services))[-1] == (NOTE, "ill"), "seen after the no, on the alert's account"


async def test_evidence_stays_with_its_visit_and_goes_when_it_is_freed(
    services: Services,
) -> None:
    number = await visit(services, day(3), need=NEED)
    assert number is not None
    await visit(services, day(4))
    await services.tickets.act(number, "hold", {"reason": "立案"}, AUDITOR)
    await answer(services, day(6))
    assert await noted(services) == [(NOTE, "ill"), ("", None)], "the one without a case is gone"
    assert "ticket_events" in await anywhere(services, NEED)
    await services.retention.purge()
    assert "ticket_events" in await anywhere(services, NEED)
    await services.tickets.act(number, "release", {"reason": "结了"}, AUDITOR)
    await services.clock.set(services.db, day(7))
    await services.retention.purge()
    assert await noted(services) == [("", None), ("", None)]
    assert await anywhere(services, NEED[:8], NOTE) == []
    async with services.db.read() as s:
        assert [*await s.scalars(select(ErasureRow).where(ErasureRow.kind == "consent"))] == []
    await sound(services)


@pytest.mark.parametrize("parted", [False, True])
async def test_what_was_merged_into_another_ticket_goes_there_too(
    services: Services, parted: bool
) -> None:
    second = await visit(services, day(3, 11), need=NEED, note="")
    assert second
    where = (await services.tickets.get(second, DISPATCHER))["location"]
    here = (await services.channels.open_session()).session_id
    told = CreateTicket(
        conversation_id=here, leaf="H1", narrative="整栋停水",
        place={"compound_id": where["compound_id"], "building_id": where["building_id"]},
    )  # fmt: skip
    made = await services.tickets.create(told, resident(here), follow_up=False)
    first = str(made["ticket_no"])
    await services.tickets.act(second, "accept", {"leaf": "H1"}, DISPATCHER, follow_up=False)
    await services.tickets.act(second, "merge", {"into": first}, DISPATCHER)
    if parted:
        async with services.db.write() as s:
            await services.tickets.take_back(s, first, "来水了")
    await sound(services)
    await services.tickets.act(first, "hold", {"reason": "立案"}, AUDITOR)
    await answer(services, day(5))
    assert "ticket_events" in await anywhere(services, NEED), "the other is held"
    await services.tickets.act(first, "release", {"reason": "结了"}, AUDITOR)
    await services.clock.set(services.db, day(6))
    await services.retention.purge()
    assert await anywhere(services, NEED[:8]) == []
    assert "整栋停水" in str(await services.tickets.get(first, DISPATCHER)), "another's words stay"
    await sound(services)
