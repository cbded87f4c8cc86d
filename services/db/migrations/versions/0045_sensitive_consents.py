"""Separate consent to keep sensitive personal information: who said what, when, to which words"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0045"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sensitive_consents",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("conversation_id", sa.String(40)),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("version", sa.String(12), nullable=False),
        sa.Column("answer", sa.String(10), nullable=False),
        sa.Column("said_by", sa.String(10), nullable=False),
        sa.Column("relation", sa.String(30)),
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("by", sa.String(40)),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("withdrawn_at", UTCDateTime),
    )
    for column in ("ticket_no", "conversation_id"):
        op.create_index(f"ix_sensitive_consents_{column}", "sensitive_consents", [column])
    op.add_column("care_consents", sa.Column("version", sa.String(12)))


def downgrade() -> None:
    op.drop_column("care_consents", "version")
    op.drop_table("sensitive_consents")
