"""One thread a process: two would fight for the cores that pytest-xdist already uses."""

import torch
from hypothesis import settings
from shapes import check_shapes

torch.set_num_threads(1)
settings.register_profile("realizable", deadline=None, derandomize=True)
settings.load_profile("realizable")
check_shapes()
