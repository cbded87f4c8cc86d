"""``python -m bot.serve``: Rasa's server with our channel, tracker store and action endpoint.

The same as ``rasa run -i 127.0.0.1 --enable-api --auth-token …`` with ``endpoints.yml`` and
``credentials.yml``, except that the action server's address comes from ``LINDA_ACTIONS_URL``, that
it is called with patience (:mod:`bot.action_server`) and that TensorFlow is loaded only for a model
that uses it (:mod:`bot.light`). The HTTP API
(``POST /model/parse``) wants the internal token, and the server listens on loopback only.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from bot.light import needs_tensorflow, without_tensorflow
from bot.settings import ROOT, internal_token


def end_without_model(app: Any, _loop: Any) -> None:
    """End the process when the model could not be loaded.

    Rasa would go on without one and answer every message with an error; the supervisor then shows
    the reason, which stands in the lines above.
    """
    agent = getattr(app.ctx, "agent", None)
    if agent is None or not agent.is_ready():
        sys.stderr.write("模型加载失败：请执行 make train 重新训练。\n")
        sys.stderr.flush()
        os._exit(1)


def main() -> None:
    """Serve a model until the process is told to stop."""
    parser = argparse.ArgumentParser(description="邻答的 Rasa 服务")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "linda.tar.gz")
    parser.add_argument("--port", type=int, default=5005)
    arguments = parser.parse_args()
    if not arguments.model.is_file():
        sys.exit(f"找不到模型 {arguments.model}：请先执行 make train。")
    if not needs_tensorflow(arguments.model):
        without_tensorflow()
    # Deprecations inside Rasa's pinned packages: nothing that an operator could act on.
    warnings.filterwarnings("ignore", module=r"(rasa|matplotlib|pkg_resources|google|sanic).*")
    warnings.filterwarnings("ignore", category=DeprecationWarning)

    import rasa.core.run
    from rasa.core.utils import AvailableEndpoints
    from rasa.utils.common import configure_logging_and_warnings
    from rasa.utils.log_utils import configure_structlog

    from bot.action_server import ActionServer, check_answers_once

    # Both: left alone, structlog prints at DEBUG, and with it every word of a resident.
    configure_logging_and_warnings(logging.INFO)
    configure_structlog(logging.INFO)
    check_answers_once()
    endpoints = AvailableEndpoints.read_endpoints(str(ROOT / "endpoints.yml"))
    actions = os.environ.get("LINDA_ACTIONS_URL", "http://127.0.0.1:5055")
    endpoints.action = ActionServer(f"{actions}/webhook")
    rasa.core.run.serve_application(
        str(arguments.model),
        interface="127.0.0.1",
        port=arguments.port,
        credentials=str(ROOT / "credentials.yml"),
        auth_token=internal_token(),
        enable_api=True,
        endpoints=endpoints,
        server_listeners=[(end_without_model, "after_server_start")],
    )


if __name__ == "__main__":
    main()
