"""The cache port: in the process's own memory, or on a Redis or Valkey server that several processes share."""
