"""The HTTP side of a bot: the webhook, health and metrics."""
