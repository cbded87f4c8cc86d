"""``python -m bot.serve``: Rasa's server with our channel, tracker store and action endpoint.

The same as ``rasa run -i 127.0.0.1 --enable-api --auth-token …`` with ``endpoints.yml`` and
``credentials.yml``, except that the action server's address comes from ``LINDA_ACTIONS_URL``, that
it is called with patience (:mod:`bot.action_server`), that TensorFlow is loaded only for a model
that uses it (:mod:`bot.light`) and that a model released by the services is taken while the
conversations go on (:mod:`bot.model_watch`). The HTTP API (``POST /model/parse``) wants the internal
token, and the server listens on loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import socket
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.light import needs_tensorflow, without_tensorflow
from bot.model_archive import BrokenArchive, check
from bot.settings import ROOT, internal_token, model_poll_s, services_url, var_dir

logger = logging.getLogger(__name__)

BACKLOG = 100
SWITCH_S = 0.0005
"""How long a thread may keep Python to itself when another wants it: an encoded sentence waits for it."""


def whole(models: Sequence[Path]) -> list[Path]:
    """Those of ``models`` that are there and can be read to the end; damage is told."""
    found = []
    for model in models:
        try:
            check(model)
            found.append(model)
        except FileNotFoundError:
            continue
        except (BrokenArchive, OSError) as error:
            sys.stderr.write(f"{model.name}：{error}，不用它。\n")
    return found


async def load_first(models: Sequence[Path], endpoints: Any, loop: Any) -> Any:
    """An agent with the first of ``models`` that can be loaded.

    Ends the process when there is none: Rasa would go on and answer every message with an error;
    the supervisor then shows the reason, which stands in the lines above.
    """
    from rasa.core.brokers.broker import EventBroker
    from rasa.core.lock_store import LockStore
    from rasa.core.tracker_store import TrackerStore

    from bot.processor import LindaAgent

    broker = await EventBroker.create(endpoints.event_broker, loop=loop)
    agent = LindaAgent(
        generator=endpoints.nlg,
        tracker_store=TrackerStore.create(endpoints.tracker_store, event_broker=broker),
        lock_store=LockStore.create(endpoints.lock_store),
        action_endpoint=endpoints.action,
    )
    # What is there now stays for good. Left out of the garbage collection, a full one takes 5 ms
    # instead of 170, during which nobody is answered; and models that come and go cause many.
    gc.collect()
    gc.freeze()
    for model in models:
        try:
            agent.load_model(model)
            return agent
        except Exception:  # an archive's content can raise anything
            logger.exception("linda.model.load_failed %s", model.name)
    sys.stderr.write("模型加载失败：请执行 make train 重新训练。\n")
    sys.stderr.flush()
    os._exit(1)


def build_app(models: Sequence[Path], copy: Path, port: int, *, light: bool) -> Any:
    """Rasa's application with our agent and the watch for new models.

    Args:
        models: archives to start with, best first.
        copy: where the watch keeps the model that it took last.
        port: where the server will listen, part of the process's name.
        light: TensorFlow is switched off in this process.
    """
    import rasa.core.run
    from rasa.core.utils import AvailableEndpoints

    from bot.action_server import ActionServer
    from bot.model_source import ModelSource
    from bot.model_watch import ModelWatch

    endpoints = AvailableEndpoints.read_endpoints(str(ROOT / "endpoints.yml"))
    actions = os.environ.get("LINDA_ACTIONS_URL", "http://127.0.0.1:5055")
    endpoints.action = ActionServer(f"{actions}/webhook")
    app = rasa.core.run.configure_app(
        rasa.core.run.create_http_input_channels(None, str(ROOT / "credentials.yml")),
        auth_token=internal_token(),
        enable_api=True,
        port=port,
        endpoints=endpoints,
    )

    async def start(app: Any, loop: Any) -> None:
        app.ctx.agent = await load_first(models, endpoints, loop)

    async def watch(app: Any, _loop: Any) -> None:
        source = ModelSource(services_url(), internal_token())
        name = f"{socket.gethostname()}:{port}"
        watcher = ModelWatch(app.ctx.agent, source, copy, name, model_poll_s(), light=light)
        app.ctx.model_watch = asyncio.ensure_future(watcher.run())

    async def unwatch(app: Any, _loop: Any) -> None:
        app.ctx.model_watch.cancel()

    app.register_listener(start, "before_server_start")
    app.register_listener(watch, "after_server_start")
    app.register_listener(unwatch, "before_server_stop")
    app.register_listener(rasa.core.run.close_resources, "after_server_stop")
    return app


def main() -> None:
    """Serve a model until the process is told to stop."""
    parser = argparse.ArgumentParser(description="邻答的 Rasa 服务")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "linda.tar.gz")
    parser.add_argument("--port", type=int, default=5005)
    arguments = parser.parse_args()
    copy = var_dir() / "models" / f"serving-{arguments.port}.tar.gz"
    models = whole([copy, arguments.model])
    if not models:
        sys.exit(f"找不到模型 {arguments.model}：请先执行 make train。")
    sys.setswitchinterval(SWITCH_S)
    light = not any(needs_tensorflow(model) for model in models)
    if light:
        without_tensorflow()
    # Deprecations inside Rasa's pinned packages: nothing that an operator could act on.
    warnings.filterwarnings("ignore", module=r"(rasa|matplotlib|pkg_resources|google|sanic).*")
    warnings.filterwarnings("ignore", category=DeprecationWarning)

    from rasa.utils.common import configure_logging_and_warnings, update_sanic_log_level
    from rasa.utils.log_utils import configure_structlog

    from bot.action_server import check_answers_once

    # Both: left alone, structlog prints at DEBUG, and with it every word of a resident.
    configure_logging_and_warnings(logging.INFO)
    configure_structlog(logging.INFO)
    check_answers_once()
    app = build_app(models, copy, arguments.port, light=light)
    update_sanic_log_level()
    app.run(host="127.0.0.1", port=arguments.port, backlog=BACKLOG, workers=1)


if __name__ == "__main__":
    main()
