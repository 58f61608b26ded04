"""The metrics page, in the format of Prometheus: read from the tally when asked, never on a message's way."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from flashbot.engine.tally import Tally

__all__ = ["page"]

BUCKETS_MS = (2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)


class _Counted:
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        events = CounterMetricFamily("flashbot_events", "What happened, by name.", labels=["what"])
        for what, count in sorted(self._tally.counts.items()):
            events.add_metric([what], count)
        yield events
        took = sorted(self._tally.reply_ms)
        buckets: list[tuple[str, float]] = [
            (str(limit / 1000), sum(ms <= limit for ms in took)) for limit in BUCKETS_MS
        ]
        buckets.append(("+Inf", len(took)))
        latency = HistogramMetricFamily(
            "flashbot_reply_seconds", "From the turn to MsgFlash's acceptance, the newest replies."
        )
        latency.add_metric([], buckets, sum(took) / 1000)
        yield latency


def page(tally: Tally) -> tuple[bytes, str]:
    """The page and its content type."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(_Counted(tally))
    return generate_latest(registry), CONTENT_TYPE_LATEST
