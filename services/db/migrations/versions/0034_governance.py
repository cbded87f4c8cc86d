"""Lists: what waits for a decision on ending or scoring, risks, a platform's earlier date; figures: appointments kept"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

MARKS = ("termination_requested", "exclusion_requested", "risk", "platform_due")
FACTS: dict[str, str | sa.TextClause] = {
    "appointment": "due_at",
    "exclusion_asked": sa.text("coalesce(due_at, created_at)"),
}
"""What few tickets have, and the day by which those are found."""


def upgrade() -> None:
    for name in MARKS:
        marked = sa.text(f"marks LIKE '%,{name},%'")
        order: list[str | sa.TextClause] = ["sort_at", sa.text("ticket_no DESC")]
        op.create_index(
            f"ix_tickets_{name}_sorted", "tickets", order,
            sqlite_where=marked, postgresql_where=marked,
        )  # fmt: skip
    for name, day in FACTS.items():
        op.add_column("ticket_scores", sa.Column(name, sa.String(10)))
        some = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_ticket_scores_{name}", "ticket_scores", [day],
            sqlite_where=some, postgresql_where=some,
        )  # fmt: skip


def downgrade() -> None:
    for name in FACTS:
        op.drop_index(f"ix_ticket_scores_{name}", "ticket_scores")
        op.drop_column("ticket_scores", name)
    for name in MARKS:
        op.drop_index(f"ix_tickets_{name}_sorted", "tickets")
