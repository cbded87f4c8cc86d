"""WeChat accounts' state, inbound messages, deliveries"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
