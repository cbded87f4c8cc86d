"""The list of what units have reported upwards and the street has not answered"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

PENDING = "marks LIKE '%,escalation_pending,%'"


def upgrade() -> None:
    given = sa.text(PENDING)
    op.create_index(
        "ix_tickets_escalation_pending_sorted", "tickets", ["sort_at", sa.text("ticket_no DESC")],
        sqlite_where=given, postgresql_where=given,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_tickets_escalation_pending_sorted", "tickets")
