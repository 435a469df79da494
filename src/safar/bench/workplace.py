"""Where a measurement keeps its installation: a folder of its own, gone when the measurement ends."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def workplace() -> Iterator[str]:
    """Give the path of a new folder; the account that servers of root run as can walk through it."""
    with tempfile.TemporaryDirectory(prefix="safar-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield folder
