"""Clusters of points, without labels: two moons, then what is likely, and new points.

Run it from the root of the repository: python examples/points.py
"""

# --8<-- [start:clusters]
import numpy as np
from sklearn.datasets import make_moons
from sklearn.metrics import normalized_mutual_info_score as nmi

from gedi_nesy.estimator import GEDIClusterer

points, moons = make_moons(600, noise=0.05, random_state=0)  # the moons are looked at in the end
model = GEDIClusterer(n_clusters=2, random_state=0).fit(points[:500])
print(f"NMI of {nmi(moons[500:], model.predict(points[500:])):.2f} on points it has not seen")
# --8<-- [end:clusters]

# --8<-- [start:density]
seen, gap = model.score_samples(points[500:]), model.score_samples([[0.5, 0.25]])[0]
print(
    f"log-density, up to a constant: {np.median(seen):.1f} of new points, {gap:.1f} in the gap between the moons"
)
near = np.linalg.norm(model.sample(200)[:, None] - points[None], axis=2).min(axis=1)
print(f"{(near < 0.15).mean():.0%} of 200 samples are near a moon")
# --8<-- [end:density]

# --8<-- [start:rule]
import torch

from gedi_nesy.learn import learn_task
from gedi_nesy.tasks import Queries, Task

# sixty pairs of which it is known that the first point is on the upper moon, and the second on the lower one
upper, lower = (torch.from_numpy(np.flatnonzero(moons[:500] == moon)[:60]) for moon in (0, 1))
task = Task(
    pools={"points": torch.from_numpy(points[:500])},
    queries=[Queries("examples/moons.pl", "pair(A, B)", {"A": upper, "B": lower})],
)
outcome = learn_task(task)
print(outcome.verdict.sentence)
read = outcome.models["moon_net"].log_probs(torch.from_numpy(points[500:]).float()).argmax(dim=1)
print(f"{(read.numpy() == moons[500:]).mean():.3f} of the unseen points are read right")
# --8<-- [end:rule]
