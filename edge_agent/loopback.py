"""The address on which only this machine is heard, and its free ports."""

import socket

HOST = "127.0.0.1"


def free_port(wanted: int = 0) -> int:
    """The wanted port if it is free on loopback, else any that is."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
