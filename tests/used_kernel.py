"""A kernel that one test has used, as good as new for the next: starting one takes seconds."""

import inspect


def forget(shell):
    """In the kernel: remove names, widgets and all of ernie_magic. Others' modules stay imported."""
    import gc
    import sys

    def is_ours(value):
        return type(value).__module__.partition(".")[0] == "ernie_magic"

    registered = shell.magics_manager.registry.pop("ErnieMagics", None)
    ours = [value for value in shell.user_ns.values() if is_ours(value)]
    if registered is not None:
        ours.append(registered.session)
    if "ipywidgets" in sys.modules:
        sys.modules["ipywidgets"].Widget.close_all()
    for value in ours:
        end = getattr(value, "close", None) or getattr(value, "stop", None)
        if end is not None:
            end()
    shell.extension_manager.unload_extension("ernie_magic")
    shell.configurables[:] = [one for one in shell.configurables if not is_ours(one)]
    for name in [name for name in sys.modules if name.partition(".")[0] == "ernie_magic"]:
        del sys.modules[name]
    shell.reset(new_session=True)
    gc.collect()


FORGET = f"{inspect.getsource(forget)}\n\nforget(get_ipython())"
