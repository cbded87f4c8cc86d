"""话术预览: every standard text as residents read it, plain and in large-type mode, side by side.

The texts are files that a locality edits; this page only shows what stands in them.
"""

from __future__ import annotations

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.context import Services
from services.web.api.learning import AUTH
from services.web.console.frame import console_page
from services.web.keys import SERVICES
from services.web.routing import Routes
from services.wording import Standard, standard_texts

routes = Routes("工作台")

TEXTS = "/console/texts"
HERE = "learning"


class TextQuery(BaseModel):
    """Which texts are shown: those that hold the word, in either form or in the key."""

    model_config = ConfigDict(extra="ignore")

    q: str = Field("", max_length=60)


@routes.get(TEXTS, auth=AUTH, page=True, query=TextQuery, summary="话术预览")
async def preview(request: web.Request, query: TextQuery) -> web.Response:
    """All texts by file; a word narrows them down."""
    word = query.q.strip()
    files = shown(request.app[SERVICES], word)
    lacking = sum(bool(t.hard) for _, texts in files for t in texts)
    return console_page(request, "texts", HERE, files=files, q=word, lacking=lacking)


def shown(services: Services, word: str) -> list[tuple[str, list[Standard]]]:
    """Return the standard texts that hold a word, by where they belong."""
    settings = services.settings
    files = standard_texts(settings.data_dir, settings.locality_dir)
    found = [(name, [t for t in texts if t.holds(word)]) for name, texts in files]
    return [(name, texts) for name, texts in found if texts]
