"""A trained model as a service: JSON over HTTP, metrics, and the page."""
