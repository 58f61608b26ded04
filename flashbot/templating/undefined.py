"""A value that a template needs and was not given: it knows its whole path, and says so when it is used.

It may be asked whether it is there (`is defined`) and be replaced (`default`); anything else raises MissingValue.
"""

from __future__ import annotations

from typing import Any, NoReturn

from jinja2 import Undefined, UndefinedError

__all__ = ["Missing", "MissingValue"]


class MissingValue(UndefinedError):
    """A template used a value that is missing. `path` is written as in the template, "" where it has no name."""

    def __init__(self, path: str = "", hint: str = "") -> None:
        super().__init__(hint or (f"needs a value for {path}" if path else "needs a value"))
        self.path = path
        self.hint = hint
        """What is missing where that is no value of its own: "No first item, sequence was empty."."""


class Missing(Undefined):
    """What stands for a missing value; `contact.meta.city` of a contact without `meta` is one as well."""

    __slots__ = ()

    def __init__(self, hint: str | None = None, obj: Any = None, name: str | None = None, exc: Any = None) -> None:
        # Jinja's own hints name nothing that was given; `obj` would.
        super().__init__(hint, name=name)

    @property
    def path(self) -> str:
        return self._undefined_name or ""

    def _fail(self, *args: object, **kwargs: object) -> NoReturn:
        raise MissingValue(self.path, self._undefined_hint or "")

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        self._fail()

    _fail_with_undefined_error = _fail
    __str__ = __len__ = __iter__ = __bool__ = __contains__ = __hash__ = _fail
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _fail
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __pos__ = __neg__ = _fail
    __call__ = __getitem__ = __int__ = __float__ = __complex__ = __index__ = __format__ = __abs__ = __round__ = _fail
    __reversed__ = _fail
