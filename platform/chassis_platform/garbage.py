"""How often Python looks for objects that hold each other."""

from __future__ import annotations

import gc

#: Python's own 700 are made by a request or two, or by thirty records of a batch, and die with them: whoever looks so
#: soon finds them all alive. These are more than two batches of a thousand records make, which a worker has in hand at
#: once. Many more would keep more garbage than they save time.
_YOUNG = 30_000


def collect_seldom() -> None:
    """Begin a long-running process: what it was started with is not looked at again, what follows less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)
