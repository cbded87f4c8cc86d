"""Notices of the community and the canteen's menus"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "community_notices",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("topic", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("published_by", sa.String(40), nullable=False),
        sa.Column("published_at", UTCDateTime(), nullable=False),
        sa.Column("withdrawn_by", sa.String(40)),
        sa.Column("withdrawn_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_community_notices")),
    )
    op.create_index("ix_community_notices_until", "community_notices", ["until"])
    op.create_table(
        "canteen_menus",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("meal", sa.String(10), nullable=False),
        sa.Column("dishes", sa.Text(), nullable=False),
        sa.Column("published_by", sa.String(40), nullable=False),
        sa.Column("published_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("day", "meal", name=op.f("pk_canteen_menus")),
    )


def downgrade() -> None:
    op.drop_table("canteen_menus")
    op.drop_index("ix_community_notices_until", "community_notices")
    op.drop_table("community_notices")
