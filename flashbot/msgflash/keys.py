"""API keys and the addresses of things: what may be put into a header or a path. Sends nothing."""

from __future__ import annotations

import re
from typing import Self

from flashbot.msgflash.errors import InvalidRequest, TeamKeyNotAllowed, TeamKeyRequired, Unauthorized

__all__ = ["Secret", "check_key", "check_personal", "checked_id", "is_team_key"]

PERSONAL, TEAM = "msgf_live_", "msgf_team_"
HEADER_WORD = re.compile(r"[!-~]+")
ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Secret(str):
    """Text that hides in a repr, and so in a traceback that prints the frames' variables."""

    __slots__ = ()

    def __new__(cls, text: object) -> Self:
        # str() would make a working-looking key of None, and of what hides its own text.
        if not isinstance(text, str):
            raise Unauthorized(f"The MsgFlash API key must be text, not {type(text).__name__}: is its setting missing?")
        return super().__new__(cls, text)

    def __repr__(self) -> str:
        return "'…'"


def check_key(key: str, team_id: str | None) -> None:
    """Unauthorized or TeamKeyRequired for a pair that MsgFlash would refuse.

    Unknown prefixes pass: a server of one's own, or a kind of key that is younger than this code.
    """
    if not HEADER_WORD.fullmatch(key):
        raise Unauthorized("The MsgFlash API key is empty or holds spaces or odd characters: copy it again.")
    if team_id is not None and not HEADER_WORD.fullmatch(team_id):
        raise Unauthorized("The MsgFlash team id is empty or holds spaces or odd characters: copy it again.")
    if key.startswith(TEAM) and team_id is None:
        raise Unauthorized("A team key (msgf_team_…) works only with its team id: set the team id.")
    if key.startswith(PERSONAL) and team_id is not None:
        raise TeamKeyRequired("A personal key (msgf_live_…) is refused with a team id: leave it out or use a team key.")


def is_team_key(key: str, team_id: str | None) -> bool:
    """Whether the key acts for a team; one with an unknown prefix does when a team id goes with it."""
    return key.startswith(TEAM) or team_id is not None


def check_personal(call: str, *, team: bool) -> None:
    """TeamKeyNotAllowed for a team key on a route that only personal keys may use (error-codes, faq)."""
    if team:
        raise TeamKeyNotAllowed(f"{call} was not asked: a team key may not; use a personal key for it.", call=call)


def checked_id(found: object, what: str) -> str:
    """`found` when it can stand in a path; raises InvalidRequest, without repeating it, when it cannot."""
    if not isinstance(found, str) or not ID.fullmatch(found):
        raise InvalidRequest(f"Nothing was sent: the {what} id is empty or no id at all; take it from MsgFlash.")
    return found
