"""The tools: one file each, from which schema, annotations, flags, Python call and docs derive."""
