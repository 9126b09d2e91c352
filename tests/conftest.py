"""One thread a process: two would fight for the cores that pytest-xdist already uses."""

import gc


def pytest_configure(config):
    """Not in the process that only hands out tests to workers: what is imported here takes seconds, and they wait for it."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return
    from functools import cache

    import torch
    import typer.testing
    from hypothesis import settings
    from shapes import check_shapes

    torch.set_num_threads(1)
    settings.register_profile("realizable", deadline=None, derandomize=True)
    settings.load_profile("realizable")
    check_shapes()
    typer.testing._get_command = cache(typer.testing._get_command)  # the tree of all commands: once, not once a command


def pytest_collection_finish():
    """Half a million objects that stay to the end are not looked through for garbage again and again."""
    gc.freeze()
