"""The floor: an aiohttp handler that reads a webhook, checks its HMAC and answers 200, nothing else."""

from __future__ import annotations

import gc
import hmac
import os

from aiohttp import web

SECRET = os.environ["FLASHBOT_WEBHOOK_SECRET"].encode()


async def webhook(request: web.Request) -> web.Response:
    body = await request.read()
    expected = "sha256=" + hmac.digest(SECRET, body, "sha256").hex()
    if not hmac.compare_digest(expected, request.headers.get("X-MsgFlash-Signature", "")):
        return web.Response(status=401)
    return web.Response()


def main() -> None:
    app = web.Application()
    app.router.add_post("/webhooks/msgflash", webhook)
    gc.freeze()
    port = int(os.environ["FLASHBOT_PORT"])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main()
