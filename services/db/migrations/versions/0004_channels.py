"""conversations, messages, attachments, handoffs"""

import sqlalchemy as sa
from alembic import op

from services.channels.tables import OptionalJSON
from services.db import JSONColumn, UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("resident_id", sa.String(40)),
        sa.Column("elder", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("pending_callback", OptionalJSON),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(40)),
        sa.Column("lease_until", UTCDateTime()),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
    )
    op.create_index(op.f("ix_conversations_resident_id"), "conversations", ["resident_id"])
    op.create_table(
        "messages",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("conversation_id", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("sender", sa.String(10), nullable=False),
        sa.Column("staff_id", sa.String(60)),
        sa.Column("client_message_id", sa.String(100)),
        sa.Column("effect_key", sa.String(120)),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text()),
        sa.Column("location", OptionalJSON),
        sa.Column("attachment_id", sa.String(40)),
        sa.Column("buttons", JSONColumn, nullable=False),
        sa.Column("card", OptionalJSON),
        sa.Column("ticket", OptionalJSON),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reply_to", sa.String(40)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UTCDateTime()),
        sa.Column("told_kept", sa.Boolean(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "conversation_id", "seq", name=op.f("uq_messages_conversation_id_seq")
        ),
        sa.UniqueConstraint(
            "conversation_id", "client_message_id",
            name=op.f("uq_messages_conversation_id_client_message_id"),
        ),
        sa.UniqueConstraint(
            "conversation_id", "effect_key", name=op.f("uq_messages_conversation_id_effect_key")
        ),
    )
    op.create_index(op.f("ix_messages_reply_to"), "messages", ["reply_to"])
    op.create_index("ix_messages_waiting", "messages", ["state", "next_attempt_at"])
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("conversation_id", sa.String(40), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("path", sa.String(120), nullable=False),
        sa.Column("mime", sa.String(20), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_conversation_id"), "attachments", ["conversation_id"])
    op.create_table(
        "handoffs",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("conversation_id", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(12), nullable=False),
        sa.Column("leaf", sa.String(8)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.String(30)),
        sa.Column("community_id", sa.String(40)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("staff_id", sa.String(60)),
        sa.Column("staff_name", sa.String(40)),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("taken_at", UTCDateTime()),
        sa.Column("released_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoffs")),
    )
    op.create_index(op.f("ix_handoffs_conversation_id"), "handoffs", ["conversation_id"])
    op.create_index(op.f("ix_handoffs_state"), "handoffs", ["state"])


def downgrade() -> None:
    for table in ("handoffs", "attachments", "messages", "conversations"):
        op.drop_table(table)
