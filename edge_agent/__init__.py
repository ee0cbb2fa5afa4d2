"""The agent: connects Plans to MQTT, disk, HTTP and people."""
