"""The verbs: a file each, its first line is what `hearth --help` says of it."""
