"""Packages that not everybody needs: each belongs to an extra of pyproject.toml, and says so when it is missing."""

from types import TracebackType

from gedi_nesy.errors import MissingPackageError


class needs:
    """`with needs("report"): import matplotlib`: a package that is missing becomes MissingPackageError.

    Its one line names the package, and the `pip install` that fixes it.
    """

    def __init__(self, extra: str):
        self.extra = extra

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ModuleNotFoundError):
            package = str(error.name).split(".", maxsplit=1)[0]
            raise MissingPackageError(
                f"this needs {package}, which is not installed: pip install 'gedi_nesy[{self.extra}]'"
            ) from error
