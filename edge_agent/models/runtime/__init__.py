"""Compiled models run here: the slim TVM runtime, in a worker process of its own."""
