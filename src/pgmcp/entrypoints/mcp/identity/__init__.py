"""Who calls over HTTP: bearer tokens of our own and of an OAuth 2.1 server, through the SDK's pieces."""
