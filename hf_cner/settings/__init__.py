"""Settings: read within bounds, merged, and checked once, at the door; from there on they travel as typed objects."""
