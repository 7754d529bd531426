"""The filter language: one typed tree behind every spelling, and nothing of SQL in it."""
