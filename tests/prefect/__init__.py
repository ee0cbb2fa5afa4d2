"""Tests of what hearthflow is to Prefect, on real servers."""
