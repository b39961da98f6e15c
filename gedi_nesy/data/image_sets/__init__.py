"""A data set a file: each module here holds one `SOURCE`, and is found by being here."""

from importlib import import_module
from pkgutil import iter_modules

from gedi_nesy.data.dataset import Source

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (import_module(f"{__name__}.{module.name}").SOURCE for module in iter_modules(__path__))
}
"""Every data set by the name that `--dataset` takes."""
