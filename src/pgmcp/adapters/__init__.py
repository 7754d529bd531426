"""Adapters: what meets the ports."""
