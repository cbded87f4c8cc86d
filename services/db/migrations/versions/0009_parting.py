"""Joined conversations can be parted; messages sent to WeChat are counted"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation_joins", sa.Column("parted_at", UTCDateTime()))
    op.add_column("conversation_joins", sa.Column("parted_by", sa.String(40)))
    op.create_table(
        "wechat_sends",
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "outcome", name=op.f("pk_wechat_sends")),
    )


def downgrade() -> None:
    op.drop_table("wechat_sends")
    op.drop_column("conversation_joins", "parted_by")
    op.drop_column("conversation_joins", "parted_at")
