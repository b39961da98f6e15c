"""Runs that go on after a crash: checkpoints, when they are written, rollback."""
