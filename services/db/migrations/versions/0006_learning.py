"""what residents said and what was understood, annotations"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
