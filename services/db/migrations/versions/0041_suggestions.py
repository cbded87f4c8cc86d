"""Desk and grid workers say where the bot took a message wrong"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heard_suggestions",
        sa.Column("heard_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("staff_id", sa.String(60), nullable=False),
        sa.Column("staff_name", sa.String(60), nullable=False),
        sa.Column("leaf", sa.String(8)),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("heard_id", "staff_id", name=op.f("pk_heard_suggestions")),
    )


def downgrade() -> None:
    op.drop_table("heard_suggestions")
