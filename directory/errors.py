"""One error tree. Each error knows its HTTP status, its code and the field at fault."""

from __future__ import annotations


class DirectoryError(Exception):
    """Something the caller can act on; the message is a sentence that says what to do."""

    status = 500
    code = "error"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class BadQuery(DirectoryError):
    """The caller asked for something that has no meaning; ``field`` names the parameter at fault."""

    status = 400
    code = "bad-query"


class NotFound(DirectoryError):
    """There is nothing under this name or id."""

    status = 404
    code = "not-found"


class BadSetting(DirectoryError):
    """A DIRECTORY_* variable is misspelt or has no usable value; ``field`` names the variable."""

    code = "bad-setting"


class BadData(DirectoryError):
    """A file of the product's own data (needs, facets, places) breaks its rules."""

    code = "bad-data"


class UnreadableFile(DirectoryError):
    """A file is refused as a whole: nothing of it was imported."""

    status = 422
    code = "unreadable-file"


class ImportRefused(DirectoryError):
    """A readable file that must not be imported as it is (too many removals, too few rows, another import running)."""

    status = 409
    code = "import-refused"


class DatabaseUnavailable(DirectoryError):
    """The database is missing, damaged, locked, or of another version."""

    status = 503
    code = "database-unavailable"
