"""Hot reload: changed files compiled aside and swapped in, every accepted version kept."""
