"""Ports: what the services need, said in the domain's words. Each has one contract suite that every adapter passes."""
