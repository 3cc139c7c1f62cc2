"""The one page that shows documents with their entities, and what fills it; corrections that are made on it."""
