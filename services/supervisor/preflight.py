"""What must hold before anything starts; each failure is one sentence that says what to do."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Sequence

from services.config import Settings
from services.supervisor.processes import BOT_PYTHON, Process

NEEDED_BYTES = 500 * 1024**2
"""Free disk that running needs: logs, uploads and the database must be able to grow."""


SETTINGS = {"web": "LINDA_PORT", "rasa": "LINDA_RASA_URL", "actions": "LINDA_ACTIONS_URL"}
"""Which setting moves a process to another port."""


def problems(settings: Settings, table: Sequence[Process]) -> list[str]:
    """Return one Chinese sentence per problem; an empty list means: go."""
    found = []
    if not BOT_PYTHON.exists():
        found.append("机器人环境还没有装好：请执行 make run（它会先安装）。")
    if not settings.model.exists():
        found.append("还没有对话模型：请执行 make train。")
    for process in table:
        if process.port is not None and not _free(process.port):
            found.append(
                f"端口 {process.port}（{process.name}）已被占用：请先停掉占用它的程序，"
                f"或用 {SETTINGS.get(process.name, 'LINDA_PORT')} 换一个端口。"
            )
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.var_dir).free
    if free < NEEDED_BYTES:
        found.append(f"磁盘快满了：只剩 {free // 1024**2} MB，至少要 500 MB。请先腾出空间。")
    return found


def _free(port: int) -> bool:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
