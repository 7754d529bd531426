"""The guard: what a raw statement really uses, and whether a caller may have that used."""
