"""An existing DeepProbLog model, its loader and its training loop, with one line changed. Seconds.

Run it from the root of the repository: python examples/accelerate_deepproblog.py
"""

import torch
from deepproblog.dataset import DataLoader, QueryDataset
from deepproblog.model import Model
from deepproblog.network import Network
from deepproblog.query import Query
from deepproblog.train import train_model
from problog.logic import Constant, Term
from sklearn.datasets import load_digits

# 200 sums of two of scikit-learn's digits
digits, labels = load_digits(return_X_y=True)
pixels = torch.from_numpy(digits / 16.0).float()
a, b = Term("a"), Term("b")
queries = [
    Query(
        Term("sum", a, b, Constant(int(labels[i] + labels[i + 1]))),
        {a: Term("tensor", Term("train", Constant(i))), b: Term("tensor", Term("train", Constant(i + 1)))},
    )
    for i in range(0, 400, 2)
]
loader = DataLoader(QueryDataset(queries), 20, shuffle=False)

torch.manual_seed(0)
classifier = torch.nn.Sequential(torch.nn.Linear(64, 10), torch.nn.Softmax(dim=1))
network = Network(classifier, "digit_net", batching=True)
network.optimizer = torch.optim.Adam(classifier.parameters(), lr=0.1)

# --8<-- [start:text]
from gedi_nesy.logic import accelerate

model = Model("programs/sum.pl", [network])
accelerate(model)  # in place of model.set_engine(ExactEngine(model), cache=True)
model.add_tensor_source("train", {(Constant(i),): image for i, image in enumerate(pixels)})
train_model(model, loader, 10)  # DeepProbLog's own loop, losses, optimizers, tensor sources, evaluation
# --8<-- [end:text]

accuracy = (classifier(pixels[400:]).argmax(dim=1) == torch.from_numpy(labels[400:])).float().mean()
print(f"accuracy on unseen digits: {accuracy:.3f}")
