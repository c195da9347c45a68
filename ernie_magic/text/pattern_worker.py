"""The process that `pattern_search` runs: it searches texts for patterns, and ends by itself when a
search takes too long.

`faulthandler`'s watchdog is a thread that does not need the interpreter's lock, which `re` holds.
"""

import faulthandler
import json
import re
import sys


def search_texts() -> None:
    """Read the time limit and the searches from stdin, and write one digit per search."""
    seconds, searches = json.load(sys.stdin.buffer)
    for pattern, text in searches:
        faulthandler.dump_traceback_later(seconds, exit=True)
        is_found = re.search(pattern, text) is not None
        sys.stdout.write(str(int(is_found)))
        sys.stdout.flush()
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    search_texts()
