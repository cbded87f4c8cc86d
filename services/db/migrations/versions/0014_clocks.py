"""When a ticket's clock acts by itself, reminders for staff, notices of holidays"""

import sqlalchemy as sa
from alembic import op

from services.db import JSONColumn, UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("wake_at", UTCDateTime()))
    # The worker looks once at every ticket that had a deadline and sets its own time.
    op.execute("UPDATE tickets SET wake_at = next_due_at")
    op.create_index("ix_tickets_wake", "tickets", ["wake_at"])
    op.create_table(
        "staff_reminders",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("told", sa.String(12), nullable=False),
        sa.Column("person", sa.String(60)),
        sa.Column("org_id", sa.String(60)),
        sa.Column("community_id", sa.String(60)),
        sa.Column("grid_id", sa.String(60)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("seen_by", sa.String(60)),
        sa.Column("seen_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_reminders")),
        sa.UniqueConstraint("key", name=op.f("uq_staff_reminders_key")),
    )
    op.create_index("ix_staff_reminders_open", "staff_reminders", ["seen_at", "told"])
    op.create_table(
        "calendar_notices",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("doc", JSONColumn, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("by", sa.String(60), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_notices")),
    )
    op.create_index("ix_calendar_notices_year", "calendar_notices", ["year"])


def downgrade() -> None:
    op.drop_table("calendar_notices")
    op.drop_table("staff_reminders")
    op.drop_index("ix_tickets_wake", "tickets")
    op.drop_column("tickets", "wake_at")
