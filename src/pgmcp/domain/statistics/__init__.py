"""Statistics over samples: pure, exact over what is given, without numpy."""

from pgmcp.domain.statistics.series import change, per_second, slope
from pgmcp.domain.statistics.summary import Summary, quantile, summarise

__all__ = ["Summary", "change", "per_second", "quantile", "slope", "summarise"]
