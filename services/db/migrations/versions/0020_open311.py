"""Keys and requests of Open311"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "open311_keys",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(60), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("revoked_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open311_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_open311_keys_digest")),
    )
    op.create_table(
        "open311_requests",
        sa.Column("token", sa.String(40), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("ticket_no", sa.String(24)),
        sa.Column("waiting_enc", sa.Text()),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_open311_requests")),
        sa.UniqueConstraint("ticket_no", name=op.f("uq_open311_requests_ticket_no")),
    )


def downgrade() -> None:
    op.drop_table("open311_requests")
    op.drop_table("open311_keys")
