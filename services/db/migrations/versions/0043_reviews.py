"""Who has read which words for residents, and who wrote them"""

import sqlalchemy as sa
from alembic import op

from services.db import JSONColumn, UTCDateTime

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_reviews",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", JSONColumn, nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("by", sa.String(60), nullable=False),
        sa.Column("by_name", sa.String(60), nullable=False),
        sa.Column("office", sa.String(120), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("until", sa.Date()),
        sa.Column("form", sa.String(64), nullable=False),
        sa.Column("answered_by", sa.String(60)),
        sa.Column("answered_name", sa.String(60)),
        sa.Column("answered_at", UTCDateTime()),
        sa.Column("answer", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_reviews")),
        sa.UniqueConstraint("by", "form", name=op.f("uq_content_reviews_by_form")),
    )
    op.create_index("ix_content_reviews_key", "content_reviews", ["key"])
    op.create_table(
        "content_changes",
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("by", sa.String(60), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", "digest", name=op.f("pk_content_changes")),
    )


def downgrade() -> None:
    op.drop_table("content_changes")
    op.drop_index("ix_content_reviews_key", "content_reviews")
    op.drop_table("content_reviews")
