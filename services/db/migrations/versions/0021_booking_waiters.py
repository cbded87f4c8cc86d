"""Who waits for a place in a full slot; standing orders that are paused until further notice"""

import sqlalchemy as sa
from alembic import op

from services.db import JSONColumn, UTCDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "booking_waiters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(120), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("leaf", sa.String(8), nullable=False),
        sa.Column("appointment", JSONColumn, nullable=False),
        sa.Column("content_enc", sa.Text(), nullable=False),
        sa.Column("starts", UTCDateTime(), nullable=False),
        sa.Column("answer_by", UTCDateTime(), nullable=True),
        sa.Column("asked_in", sa.String(40), nullable=True),
        sa.Column("asked_seq", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_waiters")),
        sa.UniqueConstraint(
            "conversation_id", "slot", name=op.f("uq_booking_waiters_conversation_id")
        ),
        sqlite_autoincrement=True,  # a number is never given to somebody else
    )
    op.create_index("ix_booking_waiters_slot", "booking_waiters", ["slot"])
    op.add_column("standing_orders", sa.Column("paused_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("standing_orders", "paused_at")
    op.drop_index("ix_booking_waiters_slot", "booking_waiters")
    op.drop_table("booking_waiters")
