"""Which messages say nearly the same: groups, one decision each.

A message joins the group whose founder it is most like, or founds one. It is compared with founders
only, so a group cannot drift; done in the order of arrival, the result is always the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from sqlalchemy import and_, delete, func, or_, select, text

from services.channels.tables import ConversationRow
from services.db import Session
from services.training.heard_tables import AnnotationRow, BandRow, GroupRow, HeardRow, OutcomeRow
from services.training.knowledge import Knowledge
from services.training.labels import EMERGENCY
from services.training.wording import bands

CERTAIN = 0.3
"""Below this uncertainty two different readings are two different things, however alike the words."""


async def lock(session: Session) -> None:
    """One at a time decides about groups; on SQLite the transaction itself sees to that."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("LOCK TABLE heard_groups IN SHARE ROW EXCLUSIVE MODE"))


async def place(session: Session, row: HeardRow, knowledge: Knowledge) -> GroupRow:
    """Put a message into its group, which may be a new one; the caller holds :func:`lock`."""
    form = knowledge.wording.form(row.text, row.entities)
    group = await _same(session, row) or await _nearest(session, row, form, knowledge)
    if group is None:
        group = GroupRow(
            text=row.text, form=form, intent=row.intent, leaf=row.leaf,
            certain=row.uncertainty < CERTAIN, suspicious=False, first_at=row.at, last_at=row.at,
        )  # fmt: skip
        session.add(group)
        await session.flush()
        _sketch(session, group)
    row.group_id = group.id
    readings = [str(r["intent"]) for r in row.readings]
    if knowledge.outcomes.suspicious(row.text, row.intent, readings):
        group.suspicious = True
    await session.flush()
    await recount(session, group, knowledge)
    return group


async def shrink(session: Session, group: GroupRow, knowledge: Knowledge) -> None:
    """Tidy up a group that has lost messages: without any it goes too, with all that was said of it.

    Its words may be those of a message that is gone: the oldest one left founds it anew.
    """
    await session.execute(delete(BandRow).where(BandRow.group_id == group.id))
    first = await session.scalar(
        select(HeardRow).where(HeardRow.group_id == group.id).order_by(HeardRow.id).limit(1)
    )
    if first is None:
        await session.execute(delete(AnnotationRow).where(AnnotationRow.group_id == group.id))
        await session.delete(group)
        return
    group.text, group.form = first.text, knowledge.wording.form(first.text, first.entities)
    _sketch(session, group)
    await recount(session, group, knowledge)


def _sketch(session: Session, group: GroupRow) -> None:
    session.add_all(
        BandRow(band=band, value=value, group_id=group.id)
        for band, value in enumerate(bands(group.form))
    )


async def _same(session: Session, row: HeardRow) -> GroupRow | None:
    """The group of the very same words."""
    group_id = await session.scalar(
        select(func.min(HeardRow.group_id)).where(
            HeardRow.key == row.key, HeardRow.group_id.is_not(None)
        )
    )
    return await session.get(GroupRow, group_id) if group_id is not None else None


async def _nearest(
    session: Session, row: HeardRow, form: str, knowledge: Knowledge
) -> GroupRow | None:
    found = [
        (knowledge.wording.alike(form, group.form), -group.id, group)
        for group in await near(session, form)
        if _compatible(row, group)
    ]
    share, _, group = max(found, key=lambda f: f[:2], default=(0.0, 0, None))
    return group if share else None


async def near(session: Session, form: str) -> Sequence[GroupRow]:
    """Return groups whose founder may be like this form; the caller compares them."""
    shared = or_(
        *(
            and_(BandRow.band == band, BandRow.value == value)
            for band, value in enumerate(bands(form))
        )
    )
    query = select(GroupRow).where(
        GroupRow.id.in_(select(BandRow.group_id).where(shared).distinct())
    )
    return (await session.scalars(query)).all()


def _compatible(row: HeardRow, group: GroupRow) -> bool:
    """Whether the model took both for the same, or did not know; danger is never in doubt."""
    if (row.intent == EMERGENCY) != (group.intent == EMERGENCY):
        return False
    certain = row.uncertainty < CERTAIN and group.certain
    return not certain or (row.intent, row.leaf) == (group.intent, group.leaf)


async def recount(session: Session, group: GroupRow, knowledge: Knowledge) -> None:
    """Count a group's messages and residents anew, and what followed; all of its order."""
    speaker = func.coalesce(ConversationRow.resident_id, HeardRow.conversation_id)
    query = (
        select(HeardRow.uncertainty, HeardRow.at, speaker)
        .outerjoin(ConversationRow, ConversationRow.id == HeardRow.conversation_id)
        .where(HeardRow.group_id == group.id)
    )
    rows = (await session.execute(query)).all()
    if not rows:
        return
    outcomes = await session.scalars(
        select(OutcomeRow.outcome)
        .join(HeardRow, HeardRow.id == OutcomeRow.heard_id)
        .where(HeardRow.group_id == group.id)
        .distinct()
    )
    group.heard = len(rows)
    group.residents = len({who for _, _, who in rows})
    group.uncertainty = fsum(doubt for doubt, _, _ in rows) / len(rows)
    group.first_at = min(at for _, at, _ in rows)
    group.last_at = max(at for _, at, _ in rows)
    group.score = knowledge.outcomes.score(group.uncertainty, group.residents, set(outcomes))
