"""How a chat looks in a terminal: lines come in above what is being typed."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from datetime import datetime

try:
    import readline
except ImportError:  # a Python without it: what is being typed is not drawn again
    readline = None  # type: ignore[assignment]

from tests.wechat_sim.screen import Line

_LINK = re.compile(r'<a href="weixin://bizmsgmenu\?[^"]+">([^<]*)</a>')
_COLOURS = {"me": 32, "passive": 36, "service": 35, "notice": 31, "hint": 90, "wrong": 31}


def readable(text: str) -> str:
    """Return text as a phone shows it: what can be tapped in brackets."""
    return _LINK.sub(r"〔\1〕", text)


class Display:
    """Writes to a terminal, or plainly to a pipe."""

    def __init__(self, prompt: Callable[[], str]) -> None:
        self._prompt = prompt
        self._tty = sys.stdout.isatty()
        self._typing = False
        self._lock = threading.Lock()

    def line(self, line: Line, note: str) -> None:
        """Show a bubble of the account or of WeChat; the user's own is on the screen already."""
        name = "微信" if line.who == "notice" else "公众号"
        self._write(f"{line.at:%H:%M:%S} {name}（{note}）", line.who)
        self._write("    " + readable(line.text).replace("\n", "\n    "), "")

    def hint(self, text: str) -> None:
        """Show something about the simulator."""
        self._write(f"· {text}", "hint")

    def wrong(self, text: str) -> None:
        """Show a broken rule."""
        self._write(f"✗ {text}", "wrong")

    def ask(self) -> str:
        """Read a line (called in a thread); raises EOFError at the end."""
        self._typing = True
        try:
            return input(self._prompt() if self._tty else "")
        finally:
            self._typing = False

    def _write(self, text: str, colour: str) -> None:
        code = _COLOURS.get(colour)
        if self._tty and code:
            text = f"\033[{code}m{text}\033[0m"
        with self._lock:
            if not (self._tty and self._typing):
                sys.stdout.write(text + "\n")
            else:
                typed = readline.get_line_buffer() if readline else ""
                sys.stdout.write(f"\r\033[K{text}\n{self._prompt()}{typed}")
            sys.stdout.flush()


def span(until: datetime | None, now: datetime) -> str:
    """Return how long the window is still open: 47小时12分, 40秒, or that it is shut."""
    if until is None:
        return "已关"
    seconds = int((until - now).total_seconds())
    if seconds >= 3600:
        return f"{seconds // 3600}小时{seconds % 3600 // 60}分"
    return f"{seconds // 60}分{seconds % 60}秒" if seconds >= 60 else f"{seconds}秒"
