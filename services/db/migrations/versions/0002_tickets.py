"""Tickets: events, their fold, encrypted contacts, numbers and idempotency keys."""

import sqlalchemy as sa
from alembic import op

from services.db import JSONColumn, UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket_events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("type", sa.String(30), nullable=False),
        sa.Column("action", sa.String(30), nullable=False),
        sa.Column("actor", JSONColumn, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("from_state", sa.String(16), nullable=False),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("data", JSONColumn, nullable=False),
        sa.UniqueConstraint("ticket_no", "seq", name="uq_ticket_events_ticket_no_seq"),
    )
    op.create_index("ix_ticket_events_at", "ticket_events", ["at"])
    op.create_table(
        "tickets",
        sa.Column("ticket_no", sa.String(24), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("priority", sa.String(4), nullable=False),
        sa.Column("leaf", sa.String(8)),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("narrative", sa.Text, nullable=False),
        sa.Column("conversation_id", sa.String(80)),
        sa.Column("resident_id", sa.String(80)),
        sa.Column("community_id", sa.String(60)),
        sa.Column("grid_id", sa.String(60)),
        sa.Column("owner_org", sa.String(60)),
        sa.Column("owner_person", sa.String(60)),
        sa.Column("helpers", sa.Text, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("next_due_at", UTCDateTime),
        sa.Column("doc", JSONColumn, nullable=False),
    )
    for name, columns in (
        ("state_due", ["state", "next_due_at"]),
        ("grid", ["grid_id", "state"]),
        ("owner", ["owner_org", "state"]),
        ("conversation", ["conversation_id"]),
        ("resident", ["resident_id"]),
        ("created", ["created_at"]),
    ):
        op.create_index(f"ix_tickets_{name}", "tickets", columns)
    op.create_table(
        "ticket_contacts",
        sa.Column("ticket_no", sa.String(24), primary_key=True),
        sa.Column("name_enc", sa.Text),
        sa.Column("phone_enc", sa.Text),
        sa.Column("room_enc", sa.Text),
        sa.Column("address_enc", sa.Text),
        sa.Column("subject_name_enc", sa.Text),
    )
    op.create_table(
        "ticket_sequences",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "ticket_keys",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("ticket_no", sa.String(24)),
        sa.Column("created_at", UTCDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("ticket_keys", "ticket_sequences", "ticket_contacts", "tickets", "ticket_events"):
        op.drop_table(table)
