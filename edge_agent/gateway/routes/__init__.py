"""The resources of the HTTP interface, one file each."""
