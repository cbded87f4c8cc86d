"""``python -m services.supervisor``: everything up, in the foreground."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable

from services.config import Settings
from services.supervisor.preflight import problems
from services.supervisor.processes import Process, processes
from services.supervisor.supervisor import StartFailed, Supervisor


def summary(settings: Settings, seconds: float) -> str:
    """Return what a person needs now: addresses, demo accounts, how to stop."""
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    lines = [
        "",
        "━" * 56,
        f"  邻答 Linda 已启动（{seconds:.1f} 秒）",
        f"    居民聊天    {base}/",
        f"    工作台      {base}/console",
        f"    接口说明    {base}/api/v1/openapi.json",
    ]
    if settings.env == "demo":
        lines += [
            "    演示账号    grid1 grid2 clerk1 supervisor1 dispatcher1 dispatcher2 handler1",
            "                vendor1 callback1 mediator1 trainer1 auditor1 auditor2 admin1",
            f"    密码        {settings.secret('demo_password')}",
        ]
        if settings.wechat_file == settings.wechat_demo_file:
            lines.append("    微信聊天    在另一个终端执行 make wechat-sim（模拟的微信）")
    lines += ["  按 Ctrl-C 全部停止", "━" * 56, ""]
    return "\n".join(lines)


def main(table_of: Callable[[Settings], list[Process]] = processes) -> int:
    """Return the exit status: 0 after a clean stop, 1 when something prevents the start.

    Args:
        table_of: Makes the table of processes; another one than ours only for comparisons.
    """
    began = time.monotonic()
    # Logs, uploads and the database are for this account only.
    os.umask(0o077)
    settings = Settings()
    table = table_of(settings)
    found = problems(settings, table)
    if found:
        sys.stderr.write("".join(f"✗ {line}\n" for line in found))
        return 1
    # A heartbeat of an earlier run must not count as this one's.
    (settings.var_dir / "run" / "worker.alive").unlink(missing_ok=True)
    supervisor = Supervisor(table, settings.var_dir)
    try:
        asyncio.run(
            supervisor.run(lambda: print(summary(settings, time.monotonic() - began), flush=True))
        )
    except StartFailed as error:
        sys.stderr.write(f"✗ {error}\n")
        return 1
    sys.stdout.write("已全部停止。\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
