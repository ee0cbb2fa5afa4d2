"""Windows: their language, their panes, their exactness."""
