"""From a folder of weights to libraries for boards: needs the whole of apache-tvm."""
