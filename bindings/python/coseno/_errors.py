"""What goes wrong, as exceptions: each has `code`, and is one of Python's own as well."""

from typing import NoReturn


class CosenoError(Exception):
    """Anything that coseno refuses or cannot do."""

    code = "internal"

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class InvalidArgumentError(CosenoError, ValueError):
    """The caller's input is wrong; the message names the place."""

    code = "invalid_argument"


class NotFoundError(CosenoError, KeyError):
    """A user, item, model or event that does not exist."""

    code = "not_found"


class MissingFileError(CosenoError, FileNotFoundError):
    """A file or folder that does not exist."""

    code = "not_found"


class ConflictError(CosenoError, RuntimeError):
    """The state of something forbids it: another engine has the folder, say."""

    code = "conflict"


class UnavailableError(CosenoError, RuntimeError):
    """Try again later, or with less: memory, say."""

    code = "unavailable"


class CorruptError(CosenoError, OSError):
    """What was read is not what was written."""

    code = "corrupt"


class IoError(CosenoError, OSError):
    """The operating system refused."""

    code = "io"


class CancelledError(CosenoError, RuntimeError):
    """The progress callback said False."""

    code = "cancelled"


class InternalError(CosenoError, RuntimeError):
    """A library failed in a way that we do not know."""

    code = "internal"


class NotFittedError(CosenoError, ValueError, AttributeError):
    """The model was not fitted yet."""

    code = "conflict"


class ClosedError(CosenoError, ValueError):
    """The engine is closed."""

    code = "conflict"


_BY_CODE: dict[str, type[CosenoError]] = {
    error.code: error
    for error in (
        InvalidArgumentError,
        NotFoundError,
        ConflictError,
        UnavailableError,
        CorruptError,
        IoError,
        CancelledError,
        InternalError,
    )
}


def error_of(code: str, message: str) -> CosenoError:
    """The exception of an error of the library."""
    return _BY_CODE.get(code, InternalError)(message)


def raise_closed() -> NoReturn:
    raise ClosedError("the engine is closed")
