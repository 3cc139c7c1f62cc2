"""From texts to documents with spans: checkpoints, the predictor, marked text."""
