"""Points in the plane, against scikit-learn's PCA."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from gedi_nesy.report.page.projection import fit


def test_more_than_two_dimensions_become_their_principal_components():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(200, 5)) @ random.normal(size=(5, 5)) + 7
    inputs[:, 3] = 4.0  # says nothing
    project = fit(inputs)
    oracle = PCA(2).fit(StandardScaler().fit_transform(inputs))
    expected = oracle.transform(StandardScaler().fit_transform(inputs))
    found = project(inputs)
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=1e-9)
    first, second = oracle.explained_variance_ratio_
    assert project.axes == (f"first principal component ({first:.0%})", f"second ({second:.0%})")
    assert f"{first + second:.0%} of the variance" in project.note


def test_further_points_are_projected_with_them():
    random = np.random.default_rng(1)
    inputs, others = random.normal(size=(50, 3)), random.normal(size=(4, 3))
    scaler = StandardScaler().fit(inputs)
    oracle = PCA(2).fit(scaler.transform(inputs))
    found, expected = fit(inputs)(others), oracle.transform(scaler.transform(others))
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)


@pytest.mark.parametrize(
    ("columns", "axes"), [(("wide", "tall"), ("wide", "tall")), ((), ("column 1", "column 2"))]
)
def test_the_plane_stays_as_it_is(columns, axes):
    inputs = np.random.default_rng(0).normal(size=(9, 2))
    project = fit(inputs, columns)
    assert (project(inputs) == inputs).all()
    assert (project.axes, project.note) == (axes, "")


def test_a_line_is_a_line():
    found = fit(np.arange(3.0)[:, None])(np.arange(3.0)[:, None])
    assert found.tolist() == [[0, 0], [1, 0], [2, 0]]


def test_one_point_and_equal_points_have_places():
    for inputs in (np.ones((1, 4)), np.ones((3, 4))):
        assert (fit(inputs)(inputs) == 0).all()
