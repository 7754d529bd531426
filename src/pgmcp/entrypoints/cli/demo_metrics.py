"""The part of the demo's round that looks back on it."""

from __future__ import annotations

from pgmcp.entrypoints.cli.demo_step import Step

METRICS_STEPS = (
    Step(
        says="How long did the reads take?",
        tool="get_metrics",
        arguments={"metric_type": "execution_times", "operation": "read_table"},
    ),
    Step(says="What failed in this round?", tool="get_metrics", arguments={"metric_type": "errors"}),
    Step(says="What does the server use?", tool="get_metrics", arguments={"metric_type": "resource_usage"}),
)
