"""Order and marks of lists, grams of searches"""

import zlib

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from services.db import UTCDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

FAR = "9998-12-31 16:00:00"
BATCH = 2000
FORMER = {
    "ix_tickets_state_due": ["state", "next_due_at"],
    "ix_tickets_grid": ["grid_id", "state"],
    "ix_tickets_owner": ["owner_org", "state"],
}
KEYS = {
    "sorted": [], "state_sorted": ["state"], "grid_sorted": ["grid_id", "state"],
    "owner_sorted": ["owner_org", "state"], "leaf_sorted": ["leaf", "state"],
    "priority_sorted": ["priority", "state"],
}  # fmt: skip
MARKS = (
    "group", "group_unanswered", "problem", "escalated", "review_pending", "confidential", "case",
)  # fmt: skip
SOME = {
    "person_sorted": "owner_person IS NOT NULL", "helped_sorted": "helpers <> ''",
    **{f"{m}_sorted": f"marks LIKE '%,{m},%'" for m in MARKS},
}  # fmt: skip
TRIGGERS = {
    "insert": "AFTER INSERT ON ticket_words BEGIN {new} END",
    "delete": "AFTER DELETE ON ticket_words BEGIN {old} END",
    "update": "AFTER UPDATE ON ticket_words BEGIN {old} {new} END",
}
NEW = "INSERT INTO ticket_words_fts(rowid, grams) VALUES (new.id, new.grams);"
OLD = "INSERT INTO ticket_words_fts(ticket_words_fts, rowid, grams) VALUES ('delete', old.id, old.grams);"


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    op.add_column(
        "tickets", sa.Column("sort_at", UTCDateTime(), nullable=False, server_default=FAR)
    )
    for name in ("marks", "recused"):
        op.add_column("tickets", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    _fill_columns()
    for name in FORMER:
        op.drop_index(name, "tickets")
    order: list[str | sa.TextClause] = ["sort_at", sa.text("ticket_no DESC")]
    for name, columns in KEYS.items():
        op.create_index(f"ix_tickets_{name}", "tickets", [*columns, *order])
    for name, where in SOME.items():
        given = sa.text(where)
        op.create_index(
            f"ix_tickets_{name}", "tickets", order, sqlite_where=given, postgresql_where=given
        )
    op.create_table(
        "ticket_words",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("grams", sa.Text() if _sqlite() else ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_words")),
        sa.UniqueConstraint("ticket_no", name=op.f("uq_ticket_words_ticket_no")),
    )
    if _sqlite():
        op.execute(
            "CREATE VIRTUAL TABLE ticket_words_fts USING fts5(grams, content='ticket_words',"
            " content_rowid='id', detail=none, columnsize=0, tokenize='ascii')"
        )
        for name, body in TRIGGERS.items():
            op.execute(f"CREATE TRIGGER ticket_words_{name} {body.format(new=NEW, old=OLD)}")
    _fill_words()
    if not _sqlite():
        op.execute("CREATE INDEX ix_ticket_words_grams ON ticket_words USING gin (grams)")


def _fill_columns() -> None:
    """The columns of what is there, as ``store.ticket_values`` makes them."""
    if _sqlite():
        unit = "(SELECT group_concat(',' || value || ',', '') FROM json_each(doc, '$.recused'))"
        has, number, array = (
            "coalesce(json_extract(doc, '$.{0}'), 0) NOT IN (0, '')",
            "coalesce(json_extract(doc, '$.{0}'), 0)",
            "coalesce(json_array_length(doc, '$.{0}'), 0) > 0",
        )
    else:
        unit = (
            "(SELECT string_agg(',' || value || ',', '' ORDER BY value)"
            " FROM jsonb_array_elements_text(doc->'recused'))"
        )
        has, number, array = (
            "coalesce(doc->>'{0}', '') NOT IN ('', 'false')",
            "coalesce((doc->>'{0}')::int, 0)",
            "coalesce(jsonb_array_length(doc->'{0}'), 0) > 0",
        )
    carries = {
        "group": has.format("group"), "group_unanswered": has.format("group_due_at"),
        "problem": f"{number.format('rework_round')} >= 3 OR {number.format('transfers')} >= 3",
        "escalated": array.format("escalations"), "review_pending": has.format("review_due_at"),
        "confidential": has.format("confidential"), "case": has.format("case_of"),
        "restricted": has.format("restricted"),
    }  # fmt: skip
    marks = " || ".join(
        f"CASE WHEN {condition} THEN ',{name},' ELSE '' END" for name, condition in carries.items()
    )
    # A time of SQLite is text to the microsecond.
    far = f"'{FAR}.000000'" if _sqlite() else f"TIMESTAMPTZ '{FAR}+00'"
    op.execute(
        f"UPDATE tickets SET sort_at = coalesce(next_due_at, {far}), marks = {marks},"
        f" recused = coalesce({unit}, '')"
    )


def _fill_words() -> None:
    tickets = sa.table("tickets", *(sa.column(n) for n in ("ticket_no", "title", "narrative")))
    grams = sa.Text() if _sqlite() else ARRAY(sa.Integer())
    words = sa.table("ticket_words", sa.column("ticket_no"), sa.column("grams", grams))
    bind, after = op.get_bind(), ""
    while True:
        query = sa.select(tickets).where(tickets.c.ticket_no > after)
        rows = bind.execute(query.order_by(tickets.c.ticket_no).limit(BATCH)).all()
        if not rows:
            return
        made = [{"ticket_no": r[0], "grams": _stored(_grams(*r))} for r in rows]
        bind.execute(sa.insert(words), made)
        after = rows[-1][0]


def _grams(number: str, *texts: str) -> set[int]:
    """As ``services.tickets.words.grams`` when this was written."""
    said = {t[i : i + 2] for t in map(_plain, texts) for i in range(len(t) - 1)}
    found = said | {number[i : i + 3] for i in range(len(number) - 2)}
    return {zlib.crc32(g.encode("utf-8", "surrogatepass")) - 2**31 for g in found}


def _plain(text: str) -> str:
    return "".join(c.lower() for c in text)


def _stored(grams: set[int]) -> object:
    if _sqlite():
        return " ".join(f"g{n + 2**31:08x}" for n in sorted(grams))
    return sorted(grams)


def downgrade() -> None:
    if _sqlite():
        op.execute("DROP TABLE ticket_words_fts")
    op.drop_table("ticket_words")
    for name in (*KEYS, *SOME):
        op.drop_index(f"ix_tickets_{name}", "tickets")
    for name, columns in FORMER.items():
        op.create_index(name, "tickets", columns)
    with op.batch_alter_table("tickets") as batch:
        for name in ("recused", "marks", "sort_at"):
            batch.drop_column(name)
