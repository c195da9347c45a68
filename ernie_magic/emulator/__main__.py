"""`python -m ernie_magic.emulator`: serve until stopped."""

from __future__ import annotations

import signal
import sys
import threading

from ernie_magic.emulator import start
from ernie_magic.text.command_line import CommandLine
from ernie_magic.text.encodings import accept_any_text
from ernie_magic.text.language import Text, system_language

_DESCRIPTION = Text("本机模拟器", "a local stand-in for AI Studio's API")
_PORT = Text("端口，0 为任意空闲", "port, 0 takes a free one")
_HOST = Text("监听地址", "address to listen on")
_LATENCY = Text("首字延迟（秒），0 不等待", "seconds before the first text, 0 for none")
_SEED = Text("随机种子", "seed")
_CANNOT_LISTEN = Text("无法监听 {address}：{said}", "cannot listen on {address}: {said}")
_SERVING = Text(
    "ernie_magic 模拟器（回答都是模拟的；Ctrl-C 结束；/emulator/* 的令牌 {token}）：{url}",
    "ernie_magic emulator: {url} (simulated; Ctrl-C ends it; /emulator/* token: {token})",
)
_ONLY_HERE = Text(
    "监听 {host}，但只回答发给 localhost 的请求；要给别的机器用，--host 写它们用的地址",
    "it listens on {host}, but answers at localhost only: for callers elsewhere give --host the "
    "address that they name",
)
_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  (not listened on here)


def main(arguments: list[str] | None = None, prog: str = "python -m ernie_magic.emulator") -> int:
    """Serve in the foreground; return 0 after Ctrl-C or SIGTERM, 1 if the port is taken.

    Parameters
    ----------
    arguments
        The command line's; `sys.argv` when None.
    prog
        The command, as its help names it.
    """
    accept_any_text(sys.stdout, sys.stderr)
    language = system_language()
    parser = CommandLine(language, prog=prog, description=_DESCRIPTION.say(language))
    parser.add_option("--port", _PORT, type=int, default=0)
    parser.add_option("--host", _HOST, default="127.0.0.1")
    parser.add_option("--latency", _LATENCY, type=float, default=None)
    parser.add_option("--seed", _SEED, type=int, default=0)
    parsed = parser.parse_args(arguments)
    try:
        emulator = start(
            port=parsed.port, host=parsed.host, latency=parsed.latency, seed=parsed.seed
        )
    except (OSError, OverflowError) as error:
        address = f"{parsed.host}:{parsed.port}"
        print(_CANNOT_LISTEN.say(language, address=address, said=error), file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    print(_SERVING.say(language, url=emulator.base_url, token=emulator.token), flush=True)
    if parsed.host in _EVERY_ADDRESS:
        print(_ONLY_HERE.say(language, host=parsed.host), file=sys.stderr, flush=True)
    # Short waits: a lock that waits forever cannot be interrupted on Windows.
    while not ended.wait(0.5):
        pass
    emulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
