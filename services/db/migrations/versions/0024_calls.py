"""Who is to be called by the callback desk: an index in the order of lists"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TO_CALL = "marks LIKE '%,to_call,%'"


def upgrade() -> None:
    given = sa.text(TO_CALL)
    op.create_index(
        "ix_tickets_to_call_sorted", "tickets", ["sort_at", sa.text("ticket_no DESC")],
        sqlite_where=given, postgresql_where=given,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_tickets_to_call_sorted", "tickets")
