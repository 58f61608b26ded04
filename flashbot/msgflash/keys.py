"""API keys and the addresses of things: what may be put into a header or a path."""

from __future__ import annotations

import re

from flashbot.errors import SettingsError
from flashbot.msgflash.errors import InvalidRequest

__all__ = ["check_key", "checked_id"]

PERSONAL, TEAM = "msgf_live_", "msgf_team_"
HEADER_WORD = re.compile(r"[!-~]+")
ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def check_key(key: str, team_id: str | None) -> None:
    """SettingsError for a pair that MsgFlash would refuse. Unknown prefixes pass: a server of one's own."""
    if not HEADER_WORD.fullmatch(key):
        raise SettingsError("The MsgFlash API key is empty or holds spaces or odd characters: copy it again.")
    if team_id is not None and not HEADER_WORD.fullmatch(team_id):
        raise SettingsError("The MsgFlash team id is empty or holds spaces or odd characters: copy it again.")
    if key.startswith(TEAM) and team_id is None:
        raise SettingsError("A team key (msgf_team_…) works only with its team id: set the team id.")
    if key.startswith(PERSONAL) and team_id is not None:
        raise SettingsError("A personal key (msgf_live_…) is refused with a team id: leave it out or use a team key.")


def checked_id(found: str, what: str) -> str:
    """`found` when it can stand in a path; raises InvalidRequest, without repeating it, when it cannot."""
    if not ID.fullmatch(found):
        raise InvalidRequest(f"Nothing was sent: the {what} id is empty or no id at all; take it from MsgFlash.")
    return found
