"""MCP's way in: the transports, and what stands between a frame on the wire and the router behind the seam."""
