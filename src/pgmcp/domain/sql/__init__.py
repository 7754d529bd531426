"""What is known of a raw statement before any server sees it."""
