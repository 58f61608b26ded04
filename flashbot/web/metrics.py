"""The metrics page, in the format of Prometheus: read from the tally when asked, never on a message's way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from flashbot.engine.tally import BUCKETS_MS, Tally

__all__ = ["page"]


class _Counted:
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        events = CounterMetricFamily("flashbot_events", "What happened, by name.", labels=["what"])
        for what, count in sorted(self._tally.counts.items()):
            events.add_metric([what], count)
        yield events
        misses = CounterMetricFamily(
            "flashbot_misses", "Messages that no intent understood, by what came of them.", labels=["outcome"]
        )
        for outcome, count in sorted(self._tally.misses.items()):
            misses.add_metric([outcome], count)
        yield misses
        paused = GaugeMetricFamily("flashbot_paused", "1 while sending is held back.", labels=["cause", "scope"])
        for labels, held in sorted(self._tally.paused.items()):
            paused.add_metric(labels, float(held))
        yield paused
        counts = list(accumulate(self._tally.reply_within))
        bounds = [*(str(ms / 1000) for ms in BUCKETS_MS), "+Inf"]
        latency = HistogramMetricFamily("flashbot_reply_seconds", "From the turn to MsgFlash's acceptance.")
        latency.add_metric([], list(zip(bounds, counts, strict=True)), self._tally.reply_ms_total / 1000)
        yield latency


def page(tally: Tally) -> tuple[bytes, str]:
    """The page and its content type."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(_Counted(tally))
    return generate_latest(registry), CONTENT_TYPE_LATEST
