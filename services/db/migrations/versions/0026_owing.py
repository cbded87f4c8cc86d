"""Units that owe an answer to a ticket: what they were asked, called in or whistled for stands on their list"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

OWING = "owing <> ''"
BATCH = 1000
CONSULTING = ("ACCEPTED", "OBJECTED")
ASSIGNED = ("DISPATCHED", "OBJECTED", "SUSPENDED", "ACTIVE", "REWORK")


def upgrade() -> None:
    op.add_column("tickets", sa.Column("owing", sa.Text(), nullable=False, server_default=""))
    _fill()
    given = sa.text(OWING)
    op.create_index(
        "ix_tickets_owing_sorted", "tickets", ["sort_at", sa.text("ticket_no DESC")],
        sqlite_where=given, postgresql_where=given,
    )  # fmt: skip


def _fill() -> None:
    tickets = sa.table("tickets", *(sa.column(n) for n in ("ticket_no", "state", "helpers", "owing")))
    doc = sa.literal_column("CAST(doc AS TEXT)", sa.Text())
    bind, after = op.get_bind(), ""
    while True:
        query = sa.select(tickets.c.ticket_no, tickets.c.state, doc).where(
            tickets.c.helpers != "", tickets.c.state.in_({*CONSULTING, *ASSIGNED}),
            tickets.c.ticket_no > after,
        )  # fmt: skip
        rows = bind.execute(query.order_by(tickets.c.ticket_no).limit(BATCH)).all()
        if not rows:
            return
        for number, state, said in rows:
            if orgs := _owing(state, json.loads(said)):
                value = "".join(f",{org}," for org in sorted(orgs))
                change = sa.update(tickets).where(tickets.c.ticket_no == number)
                bind.execute(change.values(owing=value))
        after = rows[-1][0]


def _owing(state: str, doc: dict[str, Any]) -> set[str]:
    """As ``services.tickets.core.sideclocks.owing`` when this was written."""
    found: set[str] = set()
    if state in CONSULTING and doc.get("consults"):
        last = doc["consults"][-1]
        if last.get("due_at"):
            said = {o["org"] for o in last["opinions"]}
            found |= {u["org"] for u in last["units"]} - said
    if state in ASSIGNED:
        found |= {
            a["org"] for a in doc.get("assists") or () if a.get("due_at") and not a.get("done_at")
        }
        found |= {
            u["org"]
            for w in doc.get("whistles") or () if not w.get("ended_at")
            for u in w["units"] if not u.get("solve_at") and any(
                u.get(f"{s}_due_at") and not u.get(f"{s}_at")
                for s in ("sign", "contact", "arrive", "solve")
            )
        }  # fmt: skip
    return found


def downgrade() -> None:
    op.drop_index("ix_tickets_owing_sorted", "tickets")
    with op.batch_alter_table("tickets") as batch:
        batch.drop_column("owing")
