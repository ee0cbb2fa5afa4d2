"""Windows over streams of readings: the aggregate language, panes, sessions and their memory."""
