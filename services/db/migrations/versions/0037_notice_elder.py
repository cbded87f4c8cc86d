"""The words of a notice for large-type mode"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("community_notices", sa.Column("elder", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("community_notices") as table:
        table.drop_column("elder")
