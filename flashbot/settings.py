"""Every setting, read from FLASHBOT_* in the environment or in a `.env` file beside the bot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from flashbot.errors import SettingsError

__all__ = ["Settings", "load_settings"]


def _http_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("it must begin with http:// or https://")
    return url.rstrip("/")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("it must be the name of a time zone, such as Africa/Abidjan") from None
    return name


class Settings(BaseSettings):
    """The settings of one bot process. Secrets never show in a repr."""

    model_config = SettingsConfigDict(
        env_prefix="FLASHBOT_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    msgflash_url: Annotated[str, AfterValidator(_http_url)] = "https://srv.msgflash.com"
    api_key: SecretStr = SecretStr("")
    team_id: str | None = None
    instance_id: str | None = None
    """The sender of messages that answer nobody: drips without a history, `bot.send`."""
    zone: Annotated[str, AfterValidator(_zone)] | None = None
    """Where the numbers work (IANA), for the hours in which they send unasked; else it follows from each number."""
    webhook_secret: SecretStr = SecretStr("")
    """Several, comma separated, while a secret is being changed."""
    redis_url: SecretStr = SecretStr("")
    redis_server: str | None = None
    """A valkey-server or redis-server program for the embedded store."""
    redis_wait: Annotated[int, Field(ge=0)] = 0
    """Replicas that must have an accepted event, or the taking of a message to send, before it counts."""
    redis_waitaof: bool = False
    """Those writes must also be on the primary's disk, and on those replicas' (WAITAOF: Redis 7.2, Valkey)."""
    data_dir: Path = Path(".flashbot")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    requests_per_second: Annotated[float, Field(ge=0, le=10_000)] = 9.2
    """Shared by all processes of one key. MsgFlash allows 10; 0 lifts it for a server of one's own."""
    partitions: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Fixed at the store's first start: 1, or 64 in a cluster, unless it is set."""
    catch_up_minutes: Annotated[float, Field(ge=0, le=10_080)] = 60.0
    """From one look for messages whose webhook never came to the next; 0: only after a start and a reconnect."""
    handler_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    blocked_seconds: Annotated[float, Field(ge=0, le=3600)] = 10.0
    """A process whose loop stands still for longer ends itself; below the 15 s of a turn's lease. 0: never."""
    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Handlers that may run at once in one process."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    most_connections: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Open connections to the webhook; beyond them the one idle longest is closed."""
    most_waiting: Annotated[int, Field(ge=1)] = 10_000
    """Events of one contact that may wait to be handled."""
    flood: Literal["refuse", "drop-oldest"] = "refuse"
    """Beyond those: 503 for the new event, or the oldest becomes a dead letter."""
    loop_after: Annotated[int, Field(ge=0)] = 30
    """Times within ten minutes that a contact may say the same before it is taken for another bot; 0: any number."""
    keep_misses_days: Annotated[float, Field(ge=0, le=90)] = 0
    """Days for which the texts of messages that no intent understood are kept, for `flashbot intents misses`. 0: none
    is ever stored. What is older than a lower value is deleted at the next start."""
    keep_reasons_days: Annotated[float, Field(ge=0, le=30)] = 30
    """Days for which every contact's decisions are kept for `flashbot why`, without texts; 0: none is written. No more
    than 30, for which MsgFlash's ids of sent messages are known."""
    decisions_log: Path | None = None
    """A file at whose end every decision of the gates and every move of a number's ledger is written, without phones
    and texts, so that `flashbot.outreach.replay` can decide them anew. Processes of one machine may share it."""
    patience: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Scales every lease, deadline and look of the recovery protocol together; for tests."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.webhook_secret.get_secret_value().split(",") if word.strip())


def load_settings(**given: object) -> Settings:
    """Read the settings; raises SettingsError with one sentence that names every wrong one."""
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as fault:
        wrong = "; ".join(
            f"FLASHBOT_{'_'.join(map(str, error['loc'])).upper()}: {error['msg'].removeprefix('Value error, ')}"
            for error in fault.errors()
        )
        raise SettingsError(f"Wrong settings. {wrong}. Correct them in the environment or in .env.") from None
    except UnicodeDecodeError:
        raise SettingsError("The file .env is not UTF-8: save it again as UTF-8.") from None
