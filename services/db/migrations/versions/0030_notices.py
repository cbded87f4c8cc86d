"""Figures: whether a one-time notice named everything; lists: a person's tickets by their state"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None

PERSON = "ix_tickets_person_sorted"
HAS_ONE = sa.text("owner_person IS NOT NULL")


def _by_person(*columns: str) -> None:
    op.drop_index(PERSON, "tickets")
    order: list[str | sa.TextClause] = ["sort_at", sa.text("ticket_no DESC")]
    op.create_index(
        PERSON, "tickets", [*columns, *order], sqlite_where=HAS_ONE, postgresql_where=HAS_ONE
    )


def upgrade() -> None:
    # Until now nothing could be asked for twice: who was told was told once.
    op.alter_column("ticket_scores", "info_rounds", new_column_name="told")
    op.execute("UPDATE ticket_scores SET told = 1 WHERE told > 1")
    none = sa.Column("told_late", sa.Integer(), nullable=False, server_default="0")
    op.add_column("ticket_scores", none)
    # Most tickets that somebody ever had are over: without the state all of them were read.
    _by_person("owner_person", "state")


def downgrade() -> None:
    _by_person("owner_person")
    op.drop_column("ticket_scores", "told_late")
    op.alter_column("ticket_scores", "told", new_column_name="info_rounds")
