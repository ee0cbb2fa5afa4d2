"""For all tests: agents start no Prefect server unless a test is about it."""

import os

os.environ.setdefault("HEARTH_PREFECT__SERVER", "none")
