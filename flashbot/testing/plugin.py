"""Fixtures for bots under test, found by pytest once flashbot is installed."""
