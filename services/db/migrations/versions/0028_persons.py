"""Accounts of one person are found by a keyed hash of the phone"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The keys are not at hand here: the worker hashes what is there (``PeopleService.hash_phones``).
    op.add_column("staff", sa.Column("phone_hash", sa.String(64), nullable=True))
    op.create_index(op.f("ix_staff_phone_hash"), "staff", ["phone_hash"])


def downgrade() -> None:
    op.drop_index(op.f("ix_staff_phone_hash"), "staff")
    op.drop_column("staff", "phone_hash")
