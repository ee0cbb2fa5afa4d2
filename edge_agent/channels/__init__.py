"""Message channels: MQTT and in-memory."""
