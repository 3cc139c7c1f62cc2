"""The page that shows documents with their entities, and the corrections made on it."""
