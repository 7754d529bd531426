"""What a raw statement is, by parsers that need no server."""
