"""`--dataset` and `--data-root`, whose choices and help are the files in `gedi_nesy/data/image_sets`."""

from pathlib import Path
from typing import Annotated

import tyro

from gedi_nesy.data.images import CHOICES, PLACES, DatasetName

DatasetFlag = Annotated[DatasetName, tyro.conf.arg(help=CHOICES)]
DataRootFlag = Annotated[Path | None, tyro.conf.arg(help=f"folder that holds {PLACES}")]
