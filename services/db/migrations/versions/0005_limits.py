"""limits by address, who opened a hand-off"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "limit_hits",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_hits")),
    )
    op.create_index("ix_limit_hits_what_who_at", "limit_hits", ["what", "who", "at"])
    op.create_table(
        "handoff_openings",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("handoff_id", sa.String(40), nullable=False),
        sa.Column("staff_id", sa.String(60), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoff_openings")),
    )
    op.create_index(
        op.f("ix_handoff_openings_handoff_id"), "handoff_openings", ["handoff_id"]
    )
    op.add_column("conversations", sa.Column("opened_from", sa.String(60)))


def downgrade() -> None:
    op.drop_column("conversations", "opened_from")
    op.drop_table("handoff_openings")
    op.drop_table("limit_hits")
