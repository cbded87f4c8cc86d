"""Figures: what residents were dissatisfied with, put right in time, asked about again"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

COUNTS = ("bad", "rectified", "bad_called")
TABLES = ("ticket_scores", "ticket_sums")


def upgrade() -> None:
    # Nobody owed a rectification before: of the tickets that are there none is counted.
    for table in TABLES:
        for name in COUNTS:
            none = sa.Column(name, sa.Integer(), nullable=False, server_default="0")
            op.add_column(table, none)


def downgrade() -> None:
    for table in TABLES:
        for name in COUNTS:
            op.drop_column(table, name)
