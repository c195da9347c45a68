"""`python -m ernie_magic.emulator`: serve until stopped."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from ernie_magic.emulator import start
from ernie_magic.text.encodings import accept_any_text


def main(arguments: list[str] | None = None) -> int:
    """Serve in the foreground; return 0 after Ctrl-C or SIGTERM, 1 if the port is taken."""
    accept_any_text(sys.stdout, sys.stderr)
    parser = argparse.ArgumentParser(
        prog="python -m ernie_magic.emulator",
        description="本机模拟器 / a local stand-in for AI Studio's API",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="端口，0 为任意空闲 / port, 0 takes a free one"
    )
    parser.add_argument("--host", default="127.0.0.1", help="监听地址 / address to listen on")
    parser.add_argument(
        "--latency",
        type=float,
        default=None,
        help="首字延迟（秒），0 不等待 / seconds before the first text, 0 for none",
    )
    parser.add_argument("--seed", type=int, default=0, help="随机种子 / seed")
    parsed = parser.parse_args(arguments)
    try:
        emulator = start(
            port=parsed.port, host=parsed.host, latency=parsed.latency, seed=parsed.seed
        )
    except (OSError, OverflowError) as error:
        print(f"无法监听 / cannot listen on {parsed.host}:{parsed.port}: {error}", file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    print(
        f"ernie_magic emulator: {emulator.base_url} "
        f"(模拟 simulated; Ctrl-C; /emulator/* token: {emulator.token})",
        flush=True,
    )
    # Short waits: a lock that waits forever cannot be interrupted on Windows.
    while not ended.wait(0.5):
        pass
    emulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
