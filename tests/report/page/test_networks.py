"""Which images of a run are shown, and the counts against labels."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics.cluster import contingency_matrix

from gedi_nesy.report.page.content import Cloud
from gedi_nesy.report.page.networks import IN_A_GALLERY, IN_A_ROW, Predictions, of_images, of_points

COUNT = 300


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Each with its own number in its first two pixels."""
    found = np.zeros((COUNT, 1, 2, 2), dtype=np.uint8)
    found[:, 0, 0, 0], found[:, 0, 0, 1] = np.arange(COUNT) // 256, np.arange(COUNT) % 256
    return found


@pytest.fixture(scope="module")
def found() -> Predictions:
    """The third of four symbols is empty."""
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(4), size=COUNT)
    probabilities[:, 2] = 0
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return Predictions(
        names=[f"{number}.png" for number in range(COUNT)],
        probabilities=probabilities,
        energies=random.normal(size=COUNT),
        symbols=("zero", "one", "two", "three"),
        energy_learned=False,
        labels=[None if number % 10 == 0 else str(number % 11) for number in range(COUNT)],
        labels_note="Labels of a file.",
    )


def number(thumbnail) -> int:
    high, low = thumbnail.pixels[0, 0]
    return 256 * int(high) + int(low)


def test_a_row_holds_images_of_its_symbol_from_the_surest_to_the_least_sure(images, found):
    network = of_images(images, found)
    sizes = np.bincount(found.clusters, minlength=4)
    assert [group.size for group in network.groups] == sizes.tolist()
    assert network.groups[2].images == []
    for symbol, group in enumerate(network.groups):
        shown = [number(image) for image in group.images]
        assert [image.name for image in group.images] == [f"{each}.png" for each in shown]
        assert len(shown) == min(IN_A_ROW, group.size)
        assert (found.clusters[shown] == symbol).all()
        best = found.probabilities.max(axis=1)
        assert (np.diff(best[shown]) <= 0).all()
        if group.size:
            own = best[found.clusters == symbol]
            assert (best[shown[0]], best[shown[-1]]) == (own.max(), own.min())


def test_doubtful_ones_have_the_lowest_probability_and_unlikely_ones_the_highest_energy(images, found):
    network = of_images(images, found)
    best = found.probabilities.max(axis=1)
    assert [number(image) for image in network.doubtful.images] == np.argsort(best)[:IN_A_GALLERY].tolist()
    first = np.argsort(best)[0]
    runner_up, top = np.argsort(found.probabilities[first])[-2:]
    row = found.probabilities[first]
    expected = f"{found.symbols[top]} ({row[top]:.0%}), {found.symbols[runner_up]} ({row[runner_up]:.0%})"
    assert network.doubtful.images[0].caption.replace("\N{NO-BREAK SPACE}", " ") == expected
    unlikely = np.argsort(-found.energies)[:IN_A_GALLERY].tolist()
    assert [number(image) for image in network.unlikely.images] == unlikely
    assert "no measure of likelihood" in network.unlikely.note


def test_a_number_alone_is_no_heading(images, found):

    numbered = replace(found, symbols=("0", "seven", "2", "3"), kind="cluster")
    titles = [group.name for group in of_images(images, numbered).groups]
    assert titles == ["cluster 0", "seven", "cluster 2", "cluster 3"]


def test_energies_that_were_learned_are_said_to_be(images, found):

    assert "least likely" in of_images(images, replace(found, energy_learned=True)).unlikely.note


def test_counts_against_labels_are_those_of_scikit_learn(images, found):
    confusion = of_images(images, found).confusion
    known = [i for i in range(COUNT) if found.labels[i] is not None]
    labels = [int(found.labels[i]) for i in known]
    expected = np.zeros((11, 4), dtype=int)
    expected[:, [0, 1, 3]] = contingency_matrix(labels, found.clusters[known])
    assert confusion.labels == [str(label) for label in range(11)]
    assert (confusion.counts == expected).all()
    purity = expected.max(axis=0).sum() / len(known)
    assert f"{purity:.1%} have the most frequent label" in confusion.note
    assert f"Of 300 inputs {len(known)} have one." in confusion.note


def test_labels_that_are_symbols_are_compared_by_name(images, found):
    symbols = ("0", "1", "2", "3")
    labels = [symbols[cluster] if number % 4 else "3" for number, cluster in enumerate(found.clusters)]
    right = np.mean(
        [symbols[cluster] == label for cluster, label in zip(found.clusters, labels, strict=True)]
    )
    named = replace(found, symbols=symbols, labels=labels)
    assert f"{right:.1%} are read as their label" in of_images(images, named).confusion.note
    assert "(purity)" in of_images(images, replace(named, kind="cluster")).confusion.note


def test_points_have_sizes_and_a_cloud(found):
    cloud = Cloud(inputs=np.zeros((COUNT, 2)), clusters=found.clusters, names=found.symbols)
    network = of_points(cloud, found)
    assert sum(group.size for group in network.groups) == COUNT
    assert network.cloud is cloud
    assert network.doubtful is None
    assert network.confusion is not None
