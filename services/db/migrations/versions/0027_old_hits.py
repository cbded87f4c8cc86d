"""hits of limits by their time: the worker looks each round for old ones"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_limit_hits_at"), "limit_hits", ["at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_limit_hits_at"), "limit_hits")
