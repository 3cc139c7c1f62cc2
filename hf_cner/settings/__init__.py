"""Settings: read within bounds, merged and checked once; then passed on as typed objects."""
