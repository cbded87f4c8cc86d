"""What still has to be erased"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("ref", sa.String(120), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=True),
        sa.Column("ground", sa.String(12), nullable=True),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("kind", "ref", "request_id", name=op.f("uq_erasures_kind")),
    )
    op.create_index("ix_erasures_due", "erasures", ["due_at"])


def downgrade() -> None:
    op.drop_table("erasures")
