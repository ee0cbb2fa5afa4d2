"""What hearthflow is to Prefect: runs as its history, pipelines as its flows, its server."""
