"""Our launcher of the genuine Prefect server, trimmed for small machines."""
