"""Learning: who does not want their words to teach the bot"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TABLE = "learning_refusals"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("conversation_id", sa.String(40), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("given_at", UTCDateTime(), nullable=False),
        sa.Column("withdrawn_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_refusals")),
    )
    op.create_index(op.f("ix_learning_refusals_conversation_id"), TABLE, ["conversation_id"])


def downgrade() -> None:
    op.drop_table(TABLE)
