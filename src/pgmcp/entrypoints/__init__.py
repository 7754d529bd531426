"""The ways in: MCP, Python, the command line; and the one place where everything is put together."""
