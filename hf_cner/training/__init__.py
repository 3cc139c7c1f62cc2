"""Training: arguments, trainer, and the whole run from settings to a finished checkpoint."""
