"""Sentence models as transformers exports them to ONNX, in a process of their own."""
