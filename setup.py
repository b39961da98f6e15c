"""The list of packages; everything else about the project is in pyproject.toml.

The programs stand at the top of the repository, where people look for them, and travel as `gedi_nesy.programs`.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["gedi_nesy*"]), "gedi_nesy.programs"],
    package_dir={"gedi_nesy.programs": "programs"},
    package_data={
        "gedi_nesy": ["py.typed"],
        "gedi_nesy.report.page": ["templates/*", "templates/parts/*"],
        "gedi_nesy.programs": ["*.pl", "*.queries"],
    },
)
