"""What rises is told to those who can act on it: when, of how many households, until when"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cluster_warnings",
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("community_id", sa.String(40)),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("key", "step", name=op.f("pk_cluster_warnings")),
    )
    op.create_index(op.f("ix_cluster_warnings_ended_at"), "cluster_warnings", ["ended_at"])


def downgrade() -> None:
    op.drop_table("cluster_warnings")
