"""Places that bookings have taken"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "booking_places",
        sa.Column("slot", sa.String(120), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.PrimaryKeyConstraint("slot", "place", name=op.f("pk_booking_places")),
        sa.UniqueConstraint("ticket_no", name=op.f("uq_booking_places_ticket_no")),
    )


def downgrade() -> None:
    op.drop_table("booking_places")
