"""An existing DeepProbLog model on compiled circuits."""
