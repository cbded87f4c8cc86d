"""The codes of leaves as an export told them"""

import sqlalchemy as sa
from alembic import op

from services.db import JSONColumn

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("exchange_exports", sa.Column("codes", JSONColumn, nullable=True))


def downgrade() -> None:
    op.drop_column("exchange_exports", "codes")
