"""A trained model behind an address: JSON over HTTP, metrics, and the page."""
