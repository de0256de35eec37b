"""The network in ONNX Runtime: indexing and querying on a CPU, no torch."""
