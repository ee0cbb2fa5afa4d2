"""The drivers there are: each module has `make(place)`; its name is the driver's."""
