"""Memory of this process: standard library alone, so that it can be measured before anything is imported."""

import resource
import sys
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_and_resident() -> tuple[int, int]:
    """Peak resident memory of this process so far, and the present one, in bytes."""
    if STATUS.exists():
        # not getrusage: its peak is inherited from the process that started this one
        fields = dict(line.split(":", 1) for line in STATUS.read_text().splitlines() if line.startswith("Vm"))
        peak, resident = (int(fields[name].split()[0]) * 1024 for name in ("VmHWM", "VmRSS"))
        return peak, resident
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return peak, peak


def forget_peak() -> bool:
    """The peak is what is resident now; False where the system has no way to say so, and the peak is that of before."""
    try:
        CLEAR.write_text("5")
    except OSError:
        return False
    return True
