"""What a raw statement uses, from the query tree that the server writes when it has analysed and rewritten it."""
