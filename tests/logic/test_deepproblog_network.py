"""A GEDI network in an unchanged DeepProbLog model, as the README promises."""

import pytest
import torch
from deepproblog.engines import ExactEngine
from deepproblog.model import Model
from deepproblog.network import Network
from deepproblog.query import Query
from problog.logic import Constant, Term

from gedi_nesy import GEDI
from gedi_nesy.models.encoders import ConvNet


# DeepProbLog reads probabilities with float(), which newer versions of torch remark on
@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_stock_deepproblog_takes_the_network(root, generator):
    gedi = GEDI(ConvNet(width=8, num_features=16), num_clusters=10)
    network = Network(gedi.predicate(), "digit_net", batching=True)
    model = Model(str(root / "programs" / "sum.pl"), [network])
    model.set_engine(ExactEngine(model), cache=False)
    images = torch.rand(2, 1, 28, 28, generator=generator)
    model.add_tensor_source("train", {(Constant(index),): image for index, image in enumerate(images)})
    tensors = [Term("tensor", Term("train", Constant(index))) for index in (0, 1)]
    query = Query(Term("sum", *tensors, Constant(3)))
    [answer] = model.solve([query])
    [probability] = answer.result.values()
    a, b = gedi.log_probs(images).exp()
    assert float(probability) == pytest.approx(sum(a[i] * b[3 - i] for i in range(4)).item(), abs=1e-6)
    probability.backward()
    assert gedi.output.weight.grad is not None
    assert gedi.output.weight.grad.abs().sum() > 0
