"""`Proven`: the templates of a strict bot, of which only those are sent that passed their check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from flashbot.errors import TemplateError
from flashbot.msgflash.content import Content
from flashbot.settings import Settings
from flashbot.templating.book import account_of
from flashbot.templating.catalogue import Catalogue
from flashbot.templating.proofs import Proofs
from flashbot.templating.source import Source

__all__ = ["Proven", "passed_on", "proofs_of"]

OWN_MACHINE = ("127.0.0.1", "::1", "localhost")


def proofs_of(settings: Settings) -> Proofs:
    """What passed on this account, as the data folder has it.

    A server on this machine is a sandbox, whichever port it has got this time.
    """
    address = urlsplit(settings.msgflash_url)
    url = f"{address.scheme}://{address.hostname}" if address.hostname in OWN_MACHINE else settings.msgflash_url
    return Proofs(settings.data_dir, account_of(url, settings.api_key.get_secret_value(), settings.team_id))


def passed_on(settings: Settings, proofs: Proofs | None = None) -> Callable[[str], bool]:
    """Whether a digest has passed: among these `proofs`, or in the data folder, looked at each time, for a check may
    have run in another process since."""

    def passed(digest: str) -> bool:
        return (proofs is not None and proofs.passed(digest)) or proofs_of(settings).passed(digest)

    return passed


class Proven:
    """`passed` tells by a file's digest whether its check found nothing wrong; it is asked until it says so."""

    def __init__(self, catalogue: Catalogue, passed: Callable[[str], bool]) -> None:
        self._catalogue = catalogue
        self._passed = passed
        self._good: set[str] = set()

    def find(self, name: str, language: str | None = None) -> Source:
        return self._catalogue.find(name, language)

    def content(self, name: str, values: Mapping[str, object], *, language: str | None = None) -> Content:
        """Raises TemplateError for one that has not passed."""
        source = self._catalogue.find(name, language)
        if source.key not in self._good:
            if not self._passed(self._catalogue.digest(source)):
                raise TemplateError(
                    f'Template "{source.key}" ({source.file}) has not passed its check as it stands, and this bot is '
                    "strict: run flashbot templates check, and correct what it finds."
                )
            self._good.add(source.key)
        return self._catalogue.content(name, values, language=language)
