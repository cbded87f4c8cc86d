"""Outbox: what is kept of a conversation is found without reading all of it"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

NAME = "ix_outbox_conversation"


def upgrade() -> None:
    op.create_index(NAME, "outbox", [sa.text("(payload ->> 'conversation_id')")])


def downgrade() -> None:
    op.drop_index(NAME, "outbox")
