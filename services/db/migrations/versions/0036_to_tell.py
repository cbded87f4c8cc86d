"""The list of residents without a chat who have to be told something by phone"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TO_TELL = "marks LIKE '%,to_tell,%'"


def upgrade() -> None:
    given = sa.text(TO_TELL)
    op.create_index(
        "ix_tickets_to_tell_sorted", "tickets", ["sort_at", sa.text("ticket_no DESC")],
        sqlite_where=given, postgresql_where=given,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_tickets_to_tell_sorted", "tickets")
