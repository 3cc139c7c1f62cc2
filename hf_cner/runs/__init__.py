"""What a training and a pretraining run share: their folder, checkpoints, inputs, order and callbacks."""
