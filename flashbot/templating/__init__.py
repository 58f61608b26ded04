"""The Jinja templates of a bot. Nobody else knows Jinja."""
