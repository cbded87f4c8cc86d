"""``make wechat-sim``: chat with the product through a simulated WeChat, in a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
import termios
import threading
from pathlib import Path
from urllib.parse import urlsplit

from tests.wechat_sim.account import Account, new_account, read_accounts, write_accounts
from tests.wechat_sim.chat import HELP, Chat
from tests.wechat_sim.display import Display
from tests.wechat_sim.product import Product
from tests.wechat_sim.simulator import Simulator

ROOT = Path(__file__).resolve().parent.parent.parent
DEMO_PORT = 8099
LOOPBACK = ("127.0.0.1", "localhost")


def accounts_file() -> tuple[Path, list[Account], int]:
    """Return the accounts and the port on which the product looks for WeChat.

    Without ``LINDA_WECHAT_ACCOUNTS`` there is a demo file, made by ``make run`` or here.
    """
    var_dir = Path(os.environ.get("LINDA_VAR_DIR", ROOT / "var"))
    path = Path(os.environ.get("LINDA_WECHAT_ACCOUNTS") or var_dir / "wechat-demo.yml")
    if not path.exists():
        write_accounts(path, [new_account("demo")], f"http://127.0.0.1:{DEMO_PORT}")
    accounts, base = read_accounts(path)
    parts = urlsplit(base)
    if parts.hostname not in LOOPBACK or parts.port is None:
        raise SystemExit(f"✗ {path} 里的 api_base 不是本机的地址，模拟器不能代替真的微信。")
    return path, accounts, parts.port


def openid_of(account: Account, user: str) -> str:
    """Return the same OpenID for the same user each time, so that a chat goes on."""
    return "o" + hashlib.sha256(f"{account.app_id}:{user}".encode()).hexdigest()[:27]


def start_command(path: Path) -> str:
    """Return how the product is started so that it uses this file."""
    if os.environ.get("LINDA_WECHAT_ACCOUNTS"):
        return f"LINDA_WECHAT_ACCOUNTS={shown(path)} make run"
    return "make run"


def shown(path: Path) -> str:
    """Return a path as it is typed in the repository."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


async def wait_for_product(simulator: Simulator, path: Path, display: Display) -> None:
    """Configure the account; while nobody answers, say how the product is started."""
    told = False
    while not await simulator.courier.configure(simulator.accounts[0]):
        if not told:
            display.hint("产品还没有接上。请在另一个终端执行下面这行；已经开着的，停掉再开一次：")
            display.hint(f"    {start_command(path)}")
            told = True
        await asyncio.sleep(1)
    display.hint("服务器配置通过（echostr 验证成功）。")


class Reader:
    """Reads lines in a thread, one when it is asked for: at the end nobody is left reading."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._wanted = threading.Semaphore(0)
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, daemon=True).start()

    async def line(self) -> str | None:
        """Return the next line, None at the end."""
        self._wanted.release()
        return await self._lines.get()

    def _read(self) -> None:
        while True:
            self._wanted.acquire()
            try:
                line: str | None = self._display.ask()
            except EOFError:
                line = None
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
            if line is None:
                return


async def run() -> None:
    """Chat until /quit or the end of the input."""
    path, accounts, port = accounts_file()
    simulator = Simulator(accounts)
    try:
        await simulator.start(port)
    except OSError as error:
        raise SystemExit(f"✗ 端口 {port} 开不了（{error.strerror}）：已有一个模拟器？") from None
    product_url = os.environ.get("LINDA_PUBLIC_URL") or (
        f"http://127.0.0.1:{os.environ.get('LINDA_PORT', '8080')}"
    )
    simulator.connect(product_url)
    account = accounts[0]
    phone = simulator.phone(account, openid_of(account, os.environ.get("USER", "me")))
    product = Product(product_url, Path(os.environ.get("LINDA_VAR_DIR", ROOT / "var")))
    display = Display(lambda: f"我〔剩{phone.left}条〕> ")
    chat = Chat(simulator, phone, product, display)
    display.hint(f"公众号 {account.name}（{account.mode} 模式），模拟的微信在 {simulator.url}")
    try:
        await wait_for_product(simulator, path, display)
        now = await product.now()
        if now is not None:
            simulator.clock.set(now)
        display.hint(HELP)
        reader = Reader(display)
        while (line := await reader.line()) is not None and await chat.handle(line):
            pass
        await chat.finish()
    finally:
        await simulator.stop()


def main() -> None:
    """Leave the terminal as it was, whatever happens."""
    before = termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(run())
    finally:
        if before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


if __name__ == "__main__":
    main()
