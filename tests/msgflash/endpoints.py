"""The vendor's public endpoints, as its pages list them: api-reference/introduction, guides/instances (health) and
guides/number-lookups. P: personal keys; T: team keys with their X-Team-Id (error-codes, faq, teams/team-context).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

INDEX = """
POST   /messages/send                            P T
POST   /messages/schedule                        P T
GET    /messages                                 P T
GET    /messages/{id}                            P T
POST   /campaigns                                P T
GET    /campaigns/{id}                           P T
GET    /campaigns/{id}/stats                     P T
POST   /campaigns/{id}/pause                     P T
POST   /campaigns/{id}/resume                    P T
GET    /templates                                P T
POST   /templates                                P T
GET    /templates/{id}                           P T
PUT    /templates/{id}                           P T
DELETE /templates/{id}                           P T
POST   /templates/{id}/preview                   P T
GET    /contacts                                 P T
POST   /contacts                                 P T
GET    /contacts/{id}                            P T
PUT    /contacts/{id}                            P T
DELETE /contacts/{id}                            P T
POST   /contacts/bulk-delete                     P T
GET    /contacts/{id}/groups                     P T
GET    /contacts/bulk-jobs                       P T
GET    /contacts/bulk-jobs/{jobId}               P T
GET    /contacts/bulk-jobs/{jobId}/progress      P T
POST   /contacts/bulk-jobs/{jobId}/cancel        P T
GET    /contacts/groups                          P T
POST   /contacts/groups                          P T
GET    /contacts/groups/{groupId}                P T
PUT    /contacts/groups/{groupId}                P T
DELETE /contacts/groups/{groupId}                P T
POST   /contacts/groups/{groupId}/members        P T
DELETE /contacts/groups/{groupId}/members        P T
GET    /contacts/groups/{groupId}/members        P T
GET    /instances                                P T
GET    /instances/{id}                           P T
GET    /instances/{id}/state                     P T
GET    /instances/{id}/health                    P T
GET    /webhooks                                 P T
POST   /webhooks                                 P T
DELETE /webhooks/{id}                            P T
POST   /statuses                                 P T
POST   /number-lookups                           P T
GET    /number-lookups                           P T
GET    /number-lookups/{id}                      P T
GET    /number-lookups/{id}/progress             P T
POST   /number-lookups/{id}/cancel               P T
POST   /number-lookups/{id}/import-contacts      P T
GET    /usage                                    P
GET    /billing/plans                            P T
GET    /billing/subscription                     P
GET    /billing/usage                            P
GET    /billing/payments                         P
GET    /me                                       P
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row. `path` follows /api/v1 and has {placeholders}."""

    method: str
    path: str
    keys: str

    @property
    def takes_team_keys(self) -> bool:
        return "T" in self.keys

    def covers(self, method: str, path: str) -> bool:
        pattern = re.sub(r"\{\w+\}", "[^/]+", self.path)
        return method == self.method and re.fullmatch(pattern, path) is not None


def _endpoint(line: str) -> Endpoint:
    method, path, *keys = line.split()
    return Endpoint(method, path, "".join(keys))


ENDPOINTS = tuple(_endpoint(line) for line in INDEX.strip().splitlines())


def endpoint_of(method: str, path: str) -> Endpoint | None:
    """The row that a server would take; fixed words go before placeholders."""
    found = [row for row in ENDPOINTS if row.covers(method, path)]
    return min(found, key=lambda row: row.path.count("{"), default=None)
