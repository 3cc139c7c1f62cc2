"""The folder that `evaluate.load` takes: it looks for a file with the folder's own name."""
