"""What `hearth models` can do: each file one verb."""
