"""Traces and metrics through OpenTelemetry (extra `otel`)."""
