"""Which errors of MsgFlash end a check and a push: one list, since every further request would meet them as well."""

from __future__ import annotations

import pytest

from flashbot.msgflash.errors import MsgFlashError, NotFound, NotSent, OutcomeUnknown, error_for
from flashbot.templating.asking import Stopped, ends, stopping

CALL = "PATCH /templates/t1"


def refused(status: int, code: str) -> MsgFlashError:
    return error_for(status, b'{"error":{"code":"%s","message":"m"}}' % code.encode(), CALL)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (error_for(401, b"", CALL), "key"),
        (refused(429, "MONTHLY_API_REQUEST_QUOTA_EXCEEDED"), "plan"),
        (refused(429, "RATE_LIMITED"), "unreachable"),
        (NotSent("no way", call=CALL), "unreachable"),
        (OutcomeUnknown("silence", call=CALL), "unreachable"),
        (NotFound("gone", call=CALL), None),
    ],
)
def test_what_every_request_would_meet_ends_a_run(fault: MsgFlashError, code: str | None) -> None:
    assert ends(fault) == code

    with pytest.raises(type(fault) if code is None else Stopped), stopping():
        raise fault
