"""What the tests of the environment share: a template and the files beside it, rendered, or what is said of it."""

from __future__ import annotations

import pytest
from jinja2 import Template

from flashbot.templating.environment import Failure, failure, make_environment, run

__all__ = ["SECRET", "compiled", "failed", "rendered"]

SECRET = "+2250700000001"


def compiled(source: str, **others: str) -> Template:
    files = {"main": source, **others}

    def load(name: str) -> tuple[str, str, None] | None:
        return (files[name], f"templates/{name}.j2", None) if name in files else None

    return make_environment(load).get_template("main")


def rendered(source: str, others: dict[str, str] | None = None, /, **values: object) -> str:
    return run(compiled(source, **(others or {})), values)


def failed(source: str, others: dict[str, str] | None = None, /, **values: object) -> Failure:
    template = compiled(source, **(others or {}))
    with pytest.raises(Exception) as caught:
        run(template, values)
    return failure(caught.value, template)
