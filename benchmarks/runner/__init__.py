"""What all benchmarks share: flags, folders, results, resume, progress, errors."""
