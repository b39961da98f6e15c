import pytest
import torch

from gedi_nesy.sampling import replay


def zeros(generator: torch.Generator, num: int) -> torch.Tensor:
    return torch.zeros(num, 2)


def test_chains_are_drawn_once_and_return_to_their_slots(generator):
    state = replay.init(torch.arange(20.0).view(10, 2))
    drawn = replay.draw(generator, state, 6, zeros, reinit=0.0)
    assert len(drawn.slots.unique()) == 6
    assert torch.equal(drawn.positions, state.chains[drawn.slots])
    state = replay.write_back(state, drawn.slots, drawn.positions + 100)
    moved = torch.zeros(10, dtype=torch.bool)
    moved[drawn.slots] = True
    assert torch.equal(state.chains[:, 0] >= 100, moved)


def test_the_whole_buffer_can_be_drawn_and_no_more(generator):
    state = replay.init(torch.rand(5, 2))
    assert sorted(replay.draw(generator, state, 5, zeros).slots.tolist()) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match=r"num=6 chains .* size 5"):
        replay.draw(generator, state, 6, zeros)


def test_chains_begin_anew_at_the_given_rate(generator):
    state = replay.init(torch.ones(4000, 2))
    drawn = replay.draw(generator, state, 4000, zeros, reinit=0.05)
    fresh = (drawn.positions[:, 0] == 0).float().mean().item()
    assert fresh == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / 4000) ** 0.5)
    assert torch.equal(state.chains, torch.ones(4000, 2)), "the buffer changes only by write_back"
