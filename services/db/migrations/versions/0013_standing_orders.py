"""Standing orders of meals"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "standing_orders",
        sa.Column("first_ticket", sa.String(24), nullable=False),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("check_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("first_ticket", name=op.f("pk_standing_orders")),
        sa.UniqueConstraint("ticket_no", name=op.f("uq_standing_orders_ticket_no")),
    )
    op.create_index("ix_standing_orders_check", "standing_orders", ["check_at"])


def downgrade() -> None:
    op.drop_index("ix_standing_orders_check", "standing_orders")
    op.drop_table("standing_orders")
