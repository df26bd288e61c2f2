"""What the model hub's libraries raise, as one line that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seealike.errors import SeealikeError, SourceError

_AWAY = "not in this machine's cache, and the hub cannot be asked"
_BRING = "Run once with a network (and HF_HUB_OFFLINE unset), or copy the cache folder (HF_HOME)."
#: The hub's exceptions by the name of the class (no import of it): what they mean, and what to do.
_MEANING = {
    "GatedRepoError": (
        "a gated repository that this machine may not read",
        "Accept its terms on its page, then run: hf auth login",
    ),
    "RepositoryNotFoundError": (
        "no such repository, or a private one",
        "Check its name; or run: hf auth login",
    ),
    "RevisionNotFoundError": ("no such revision", "Check `revision:`."),
    "OfflineModeIsEnabled": (_AWAY, _BRING),
    "LocalEntryNotFoundError": (_AWAY, _BRING),
    "ConnectError": (_AWAY, _BRING),
    "EntryNotFoundError": ("a repository without that file", "Check that it is a model of this source."),
}


@contextmanager
def from_hub(where: str, what: str) -> Iterator[None]:
    """Say what is wrong when a library cannot get or read a model, however deep it hid the reason.

    Args:
        where: for whom.
        what: what is being loaded.

    Raises:
        SourceError: gated, missing, offline, or whatever else the library says.

    Example:
        >>> with from_hub("model m", "org/net"):
        ...     raise OSError("Unable to load weights")
        Traceback (most recent call last):
        ...
        seealike.errors.SourceError: model m: expected org/net, got Unable to load weights. Check the name, ...
    """
    try:
        yield
    except SeealikeError:
        raise
    except Exception as error:  # each of these libraries has its own, unrelated classes
        text = str(error).strip() or type(error).__name__
        got, fix = (
            _known(error)
            or _own_code(text)
            or (text.splitlines()[0], "Check the name, `revision:` and `arguments:`.")
        )
        raise SourceError(where=where, expected=what, got=got, fix=fix) from error


def _known(error: BaseException | None) -> tuple[str, str] | None:
    while error is not None:
        for kind in type(error).__mro__:
            if kind.__name__ in _MEANING:
                return _MEANING[kind.__name__]
        error = error.__cause__ or error.__context__
    return None


def _own_code(text: str) -> tuple[str, str] | None:
    if "trust_remote_code" not in text:
        return None
    return (
        "a repository that brings its own code, which is not run",
        "Load it in a function: `source: python`.",
    )
