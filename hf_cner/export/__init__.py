"""A model as a graph for ONNX Runtime, OpenVINO or torch, with its decoder inside."""
