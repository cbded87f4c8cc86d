"""Visits: what elders or their guardians said when they were asked whether they want to be visited"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "care_consents",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("target_id", sa.String(40), sa.ForeignKey("care_targets.id"), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("answer", sa.String(20), nullable=False),
        sa.Column("said_by", sa.String(20), nullable=False),
        sa.Column("form", sa.String(20), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
    )
    op.create_index("ix_care_consents_target_id", "care_consents", ["target_id"])


def downgrade() -> None:
    op.drop_table("care_consents")
