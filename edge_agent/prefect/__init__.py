"""The agent's side of Prefect: its server as a child, and what is carried there; no `prefect`."""
