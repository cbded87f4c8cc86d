"""Webhooks and what is owed to them"""

import sqlalchemy as sa
from alembic import op

from services.db import JSONColumn, UTCDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", JSONColumn, nullable=False),
        sa.Column("org_id", sa.String(60)),
        sa.Column("community_id", sa.String(60)),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("stopped_why", sa.String(100)),
        sa.Column("secret_enc", sa.Text(), nullable=False),
        sa.Column("former_enc", sa.Text()),
        sa.Column("former_until", UTCDateTime()),
        sa.Column("created_by", sa.String(60), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("next_at", UTCDateTime()),
        sa.Column("busy_by", sa.String(40)),
        sa.Column("busy_until", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "webhook_messages",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("webhook", sa.String(40), nullable=False),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("event", sa.String(30), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=False),
        sa.Column("answer", sa.String(100)),
        sa.Column("done_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_webhook_messages")),
        sa.UniqueConstraint("id", name=op.f("uq_webhook_messages_id")),
    )
    op.create_index("ix_webhook_messages_order", "webhook_messages", ["webhook", "state", "seq"])
    op.create_index("ix_webhook_messages_done", "webhook_messages", ["state", "done_at"])


def downgrade() -> None:
    for table in ("webhook_messages", "webhooks"):
        op.drop_table(table)
