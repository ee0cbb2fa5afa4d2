"""Models on the device: drivers behind one interface, and the compiler of our own libraries."""
