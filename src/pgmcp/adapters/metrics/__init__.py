"""Metrics: samples kept within a bound, and what turns events, the process and the pool into figures."""
