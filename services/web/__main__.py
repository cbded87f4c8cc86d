"""``python -m services.web``: the web process."""

from __future__ import annotations

import gc
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
    app = create_app(settings)
    app.on_startup.append(_settle)
    web.run_app(app, host=settings.host, port=settings.port, access_log=None, print=None)


async def _settle(app: web.Application) -> None:
    """Let the collector look no more at what stays as long as the process.

    Otherwise it goes through all of it every now and then, and somebody waits a tenth of a second.
    """
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
