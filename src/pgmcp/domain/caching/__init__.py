"""What may be kept of reads, under which key, and what makes it old: decisions alone."""
