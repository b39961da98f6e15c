"""Models on the Hugging Face hub: two methods of `GEDI`; nothing is unpickled there either."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, Self, TypeVar, cast

from torch import nn

from gedi_nesy.errors import GediNesyError
from gedi_nesy.extras import needs
from gedi_nesy.models.card import CARD_FILE, Card, write_card
from gedi_nesy.models.store import CONFIG_FILE, WEIGHTS_FILE
from gedi_nesy.models.stored_config import ModelError


class HubError(GediNesyError, OSError):
    """The hub could not be reached, or refused; the message holds the model's name there."""


class SavedModel(Protocol):
    """What can be uploaded."""

    input_shape: tuple[int, ...]

    @property
    def config(self) -> dict: ...

    def save(self, path: str) -> None: ...


class LoadedModel(Protocol):
    """A class whose models can be fetched."""

    @classmethod
    def load(cls, path: str | Path, backbone: nn.Module | None = None) -> Self: ...


Model = TypeVar("Model", bound=LoadedModel)


def push_to_hub(
    self: SavedModel,
    repo_id: str,
    *,
    commit_message: str = "Upload a GEDI network",
    private: bool | None = None,
    token: str | bool | None = None,
    revision: str | None = None,
    create_pr: bool | None = None,
    card: Card | None = None,
) -> str:
    """Upload weights, config and model card to the repository `repo_id`, OWNER/NAME, which is made if need be.

    Returns the address of the commit. A card that is there already stays, unless `card` is given. Needs the extra
    `hub`; HubError if the hub cannot be reached or refuses.
    """
    with needs("hub"):
        from huggingface_hub import HfApi  # noqa: PLC0415 - an extra

    api = HfApi(token=token)
    with TemporaryDirectory() as folder, _answering(repo_id):
        self.save(folder)
        write_card(Path(folder), self.config, self.input_shape, card)
        api.create_repo(repo_id, private=private, exist_ok=True)
        keep = card is None and api.file_exists(repo_id, CARD_FILE, revision=revision)
        commit = api.upload_folder(
            repo_id=repo_id,
            folder_path=folder,
            commit_message=commit_message,
            revision=revision,
            create_pr=create_pr,
            ignore_patterns=[CARD_FILE] if keep else None,
        )
    return str(commit)


def from_pretrained(
    cls: type[Model],
    name: str | Path,
    *,
    revision: str | None = None,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
    backbone: nn.Module | None = None,
) -> Model:
    """A model from a folder, as `load` reads it, or from the repository OWNER/NAME on the hub, in eval mode.

    Of a repository only the weights and the config are fetched, and checked as those of any foreign folder are.
    For a repository the extra `hub` is needed. ModelError (a ValueError) if there is no model, or a damaged one;
    HubError if it cannot be fetched.
    """
    if Path(name).is_dir():
        return cls.load(name, backbone)
    with needs("hub"):
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - an extra

    wanted = [WEIGHTS_FILE, CONFIG_FILE]
    with _answering(str(name)):
        found = snapshot_download(
            str(name),
            revision=revision,
            token=token,
            cache_dir=cache_dir,
            local_files_only=local_files_only,
            allow_patterns=wanted,
        )
    with TemporaryDirectory() as folder:
        # the hub's cache is made of links, which `load` does not follow out of a folder
        for file in wanted:
            if (Path(found) / file).is_file():
                shutil.copyfile(Path(found) / file, Path(folder) / file)
        try:
            return cls.load(folder, backbone)
        except ModelError as error:
            raise ModelError(str(error).replace(folder, str(name))) from error


@contextmanager
def _answering(name: str) -> Iterator[None]:
    """Within, what goes wrong with the hub becomes HubError, in one line that names the model."""
    with needs("hub"):
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError  # noqa: PLC0415 - an extra

    # of the package that the hub's own stands on, which is another one from version to version
    unreachable = cast(type[Exception], HfHubHTTPError.__bases__[0])
    try:
        yield
    except (OSError, ValueError, EntryNotFoundError, unreachable) as error:
        if isinstance(error, GediNesyError):
            raise
        raise HubError(
            f"{name}: neither a folder nor a model on the hub that can be used: {error}"
        ) from error
