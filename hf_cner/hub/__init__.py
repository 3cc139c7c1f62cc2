"""Publishing a trained model: its card, what of its folder may leave the house, and the way to a Hub."""
