"""The Python way in: the same requests, the same answers, rows as Python values."""
