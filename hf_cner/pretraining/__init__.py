"""Encoders and vectors from text without annotation."""
