"""Who was stopped by a limit, for staff to see and lift"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0046"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "limit_stops",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("community_id", sa.String(40)),
        sa.Column("channel", sa.String(12)),
        sa.Column("network", sa.String(60)),
        sa.Column("since", UTCDateTime, nullable=False),
        sa.Column("last_at", UTCDateTime, nullable=False),
        sa.Column("until", UTCDateTime, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("lifted_at", UTCDateTime),
        sa.Column("lifted_by", sa.String(40)),
        sa.Column("lifted_reason", sa.String(200)),
    )
    op.create_index("ix_limit_stops_what_who", "limit_stops", ["what", "who"])
    op.create_index("ix_limit_stops_until", "limit_stops", ["until"])


def downgrade() -> None:
    op.drop_table("limit_stops")
