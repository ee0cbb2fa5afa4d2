"""`python -m edge_agent.cli` is `hearth`."""

import sys

from edge_agent.cli import main

sys.exit(main())
