"""A real IPython shell like a script's, which leaves neither files open nor threads behind."""

import atexit
from contextlib import contextmanager


@contextmanager
def open_shell():
    """Open a shell with the extension loaded; close its session, its history and itself."""
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "ernie_magic")
    session = shell.user_ns["ernie"]
    try:
        yield shell
    finally:
        session.close()
        shell.run_line_magic("unload_ext", "ernie_magic")
        _close_history(shell)
        InteractiveShell.clear_instance()


def _close_history(shell):
    history = shell.history_manager
    history.end_session()
    if history.save_thread is not None:
        history.save_thread.stop()
    history.db.close()
    atexit.unregister(shell.atexit_operations)  # which ends the history once more
