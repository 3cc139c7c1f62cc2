"""Common parts of training and pretraining runs: folder, checkpoints, inputs, order and callbacks."""
