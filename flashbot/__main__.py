"""`python -m flashbot`: the same as the `flashbot` command."""

from __future__ import annotations

from flashbot.cli import main

if __name__ == "__main__":
    main()
