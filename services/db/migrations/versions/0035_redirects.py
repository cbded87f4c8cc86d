"""Figures: whom the bot has shown where to go instead of a certificate"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "redirects",
        sa.Column("message_id", sa.String(40), primary_key=True),
        sa.Column("conversation_id", sa.String(40), nullable=False),
        sa.Column("certificate", sa.String(100), nullable=False),
        sa.Column("household", sa.String(40), nullable=False),
        sa.Column("community_id", sa.String(60)),
        sa.Column("leaf", sa.String(8)),
        sa.Column("at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_redirects_at", "redirects", ["at"])
    op.create_index("ix_redirects_conversation", "redirects", ["conversation_id"])


def downgrade() -> None:
    op.drop_table("redirects")
