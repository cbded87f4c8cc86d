"""``python -m services.web``: the web process."""

from __future__ import annotations

import logging

from aiohttp import web

from services.config import Settings
from services.web.app import create_app


def main() -> None:
    """Serve until told to stop."""
    settings = Settings()
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # Our own line per request says the route's pattern; aiohttp's would say paths with ids.
    web.run_app(
        create_app(settings), host=settings.host, port=settings.port, access_log=None, print=None
    )


if __name__ == "__main__":
    main()
