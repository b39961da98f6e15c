"""Models on the Hugging Face hub, which is played here: no test asks the network."""

import shutil
import sys
from pathlib import Path

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from huggingface_hub.utils import validate_repo_id

from gedi_nesy.errors import MissingPackageError
from gedi_nesy.models.card import Card
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.models.hub import HubError
from gedi_nesy.models.stored_config import ModelError


class Hub:
    """What stands in for the hub: a folder a repository; it keeps what it was asked."""

    def __init__(self, place: Path):
        self.place, self.asked, self.tokens = place, [], []

    def api(self, token=None):
        self.tokens.append(token)
        return self

    def create_repo(self, repo_id, *, private, exist_ok):
        validate_repo_id(repo_id)
        self.asked.append(("create", repo_id, private))
        (self.place / repo_id).mkdir(parents=True, exist_ok=exist_ok)

    def file_exists(self, repo_id, filename, *, revision):
        return (self.place / repo_id / filename).exists()

    def upload_folder(self, *, repo_id, folder_path, commit_message, revision, create_pr, ignore_patterns):
        self.asked.append(("upload", commit_message, revision, create_pr))
        for file in Path(folder_path).iterdir():
            if file.name not in (ignore_patterns or []):
                shutil.copy(file, self.place / repo_id / file.name)
        return f"https://hub/{repo_id}/commit/1"

    def download(self, repo_id, *, revision, token, cache_dir, local_files_only, allow_patterns):
        """As the hub's cache has it: a folder of links to files elsewhere."""
        validate_repo_id(repo_id)
        if local_files_only or not (self.place / repo_id).is_dir():
            raise LocalEntryNotFoundError("not in the cache")
        snapshot = self.place / "cache" / (revision or "main")
        snapshot.mkdir(parents=True, exist_ok=True)
        for name in allow_patterns:
            (snapshot / name).unlink(missing_ok=True)
            if (self.place / repo_id / name).exists():
                (snapshot / name).symlink_to(self.place / repo_id / name)
        return str(snapshot)


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Hub:
    found = Hub(tmp_path)
    monkeypatch.setattr(huggingface_hub, "HfApi", found.api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", found.download)
    return found


@pytest.fixture(scope="module")
def model() -> GEDI:
    torch.manual_seed(0)
    return GEDI(ConvNet(width=8, num_features=8, image_size=8), 3).eval()


def test_a_folder_is_loaded_without_the_hub(model, tmp_path, generator):
    model.save(tmp_path / "model")
    again = GEDI.from_pretrained(tmp_path / "model")
    x = torch.rand(2, 1, 8, 8, generator=generator)
    assert torch.equal(again(x), model(x))
    assert not again.training
    assert torch.equal(GEDI.from_pretrained(str(tmp_path / "model"))(x), model(x))


def test_what_is_pushed_can_be_fetched(hub, model, generator):
    address = model.push_to_hub("me/digits", private=True, token="t", commit_message="First")
    assert address == "https://hub/me/digits/commit/1"
    assert hub.asked == [("create", "me/digits", True), ("upload", "First", None, None)]
    assert hub.tokens == ["t"]
    names = {file.name for file in (hub.place / "me" / "digits").iterdir()}
    assert names == {"model.safetensors", "config.json", "README.md"}
    again = GEDI.from_pretrained("me/digits", revision="v1")
    x = torch.rand(2, 1, 8, 8, generator=generator)
    assert torch.equal(again(x), model(x))


def test_a_card_that_stands_there_stays_unless_another_is_given(hub, model):
    model.push_to_hub("me/digits")
    there = hub.place / "me" / "digits" / "README.md"
    there.write_text("mine")
    model.push_to_hub("me/digits")
    assert there.read_text() == "mine"
    model.push_to_hub("me/digits", card=Card(title="New"))
    assert "# New" in there.read_text()


def test_a_backbone_of_ones_own_is_passed_in(hub, generator):
    class Mean(torch.nn.Module):
        input_shape, num_features, config = (1, 4, 4), 1, {"of": "mine"}

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1).mean(dim=1, keepdim=True)

    model = GEDI(Mean(), 2)
    model.push_to_hub("me/own")
    x = torch.rand(2, 1, 4, 4, generator=generator)
    assert torch.equal(GEDI.from_pretrained("me/own", backbone=Mean())(x), model(x))
    with pytest.raises(ModelError, match="backbone 'Mean' is not ours"):
        GEDI.from_pretrained("me/own")


@pytest.mark.parametrize(
    ("name", "said"),
    [("me/none", "not in the cache"), ("not a name", "Repo id must"), ("a/b/c", "Repo id must")],
)
def test_what_is_not_there_is_one_line(hub, name, said):
    with pytest.raises(HubError, match=said) as error:
        GEDI.from_pretrained(name)
    assert str(error.value).startswith(f"{name}: neither a folder nor a model on the hub")
    assert "\n" not in str(error.value)


def test_a_hub_that_cannot_be_reached_is_one_line(hub, model, monkeypatch):
    def unreachable(*arguments, **options):
        raise HfHubHTTPError.__bases__[0]("no route\nto the hub")

    monkeypatch.setattr(hub, "create_repo", unreachable)
    with pytest.raises(HubError, match=r"me/digits: .*no route to the hub"):
        model.push_to_hub("me/digits")


def test_damaged_weights_are_refused_under_the_name_that_was_asked_for(hub, model):
    model.push_to_hub("me/digits")
    file = hub.place / "me" / "digits" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-4] + b"\1\2\3\4")
    with pytest.raises(ModelError, match=r"me/digits/model.safetensors: damaged"):
        GEDI.from_pretrained("me/digits")
    file.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ModelError, match="no weights of this model"):
        GEDI.from_pretrained("me/digits")


def test_without_the_package_it_is_one_line(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for act in (lambda: model.push_to_hub("me/digits"), lambda: GEDI.from_pretrained("me/digits")):
        with pytest.raises(MissingPackageError, match=r"pip install 'gedi_nesy\[hub\]'"):
            act()
