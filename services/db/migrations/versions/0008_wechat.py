"""WeChat: users, inbound messages, nonces, deliveries, access tokens; joined conversations"""

import sqlalchemy as sa
from alembic import op

from services.channels.tables import OptionalJSON
from services.db import JSONColumn, UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wechat_users",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("openid_hash", sa.String(64), nullable=False),
        sa.Column("openid_enc", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.String(40), nullable=False),
        sa.Column("subscribed", sa.Boolean(), nullable=False),
        sa.Column("message_left", sa.Integer(), nullable=False),
        sa.Column("message_until", UTCDateTime()),
        sa.Column("action_left", sa.Integer(), nullable=False),
        sa.Column("action_until", UTCDateTime()),
        sa.Column("lease_owner", sa.String(40)),
        sa.Column("lease_until", UTCDateTime()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", UTCDateTime()),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_users")),
        sa.UniqueConstraint(
            "account", "openid_hash", name=op.f("uq_wechat_users_account_openid_hash")
        ),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_wechat_users_conversation_id")),
    )
    op.create_table(
        "wechat_inbound",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("openid_hash", sa.String(64), nullable=False),
        sa.Column("openid_enc", sa.Text(), nullable=False),
        sa.Column("content", JSONColumn, nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("meaning", OptionalJSON),
        sa.Column("user_id", sa.String(40)),
        sa.Column("message_id", sa.String(40)),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", UTCDateTime()),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_at", UTCDateTime()),
        sa.Column("handed_over", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_inbound")),
        sa.UniqueConstraint("account", "key", name=op.f("uq_wechat_inbound_account_key")),
    )
    op.create_index("ix_wechat_inbound_due", "wechat_inbound", ["state", "due_at"])
    op.create_index(
        "ix_wechat_inbound_sender", "wechat_inbound", ["account", "openid_hash", "state"]
    )
    op.create_index("ix_wechat_inbound_user", "wechat_inbound", ["user_id", "received_at"])
    op.create_index(
        "ix_wechat_inbound_answered", "wechat_inbound", ["handed_over", "answered_at"]
    )
    op.create_table(
        "wechat_nonces",
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "nonce", "stamp", name=op.f("pk_wechat_nonces")),
    )
    op.create_index(op.f("ix_wechat_nonces_at"), "wechat_nonces", ["at"])
    op.create_table(
        "wechat_deliveries",
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("conversation_id", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("due_at", UTCDateTime()),
        sa.Column("said", sa.Integer(), nullable=False),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Boolean(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("inbound_id", sa.Integer()),
        sa.Column("way", sa.String(10)),
        sa.Column("error", sa.String(200)),
        sa.Column("settled_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_wechat_deliveries")),
    )
    op.create_index(
        op.f("ix_wechat_deliveries_inbound_id"), "wechat_deliveries", ["inbound_id"]
    )
    op.create_index("ix_wechat_deliveries_due", "wechat_deliveries", ["state", "due_at"])
    op.create_index(
        "ix_wechat_deliveries_conversation", "wechat_deliveries", ["conversation_id", "seq"]
    )
    op.create_table(
        "wechat_tokens",
        sa.Column("app_id", sa.String(40), nullable=False),
        sa.Column("token_enc", sa.Text()),
        sa.Column("expires_at", UTCDateTime()),
        sa.Column("lease_owner", sa.String(40)),
        sa.Column("lease_until", UTCDateTime()),
        sa.PrimaryKeyConstraint("app_id", name=op.f("pk_wechat_tokens")),
    )
    op.create_table(
        "conversation_joins",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("conversation_id", sa.String(40), nullable=False),
        sa.Column("other_id", sa.String(40), nullable=False),
        sa.Column("ticket_no", sa.String(30), nullable=False),
        sa.Column("offered_at", UTCDateTime(), nullable=False),
        sa.Column("joined_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_joins")),
    )
    op.create_index(
        op.f("ix_conversation_joins_conversation_id"), "conversation_joins", ["conversation_id"]
    )


def downgrade() -> None:
    for table in (
        "conversation_joins", "wechat_tokens", "wechat_deliveries", "wechat_nonces", "wechat_inbound", "wechat_users"
    ):
        op.drop_table(table)
