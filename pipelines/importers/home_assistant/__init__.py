"""Home Assistant's automations, scripts and scenes as pipelines."""
