"""What results are measured on."""

import platform
from pathlib import Path


def cpu_name() -> str:
    file = Path("/proc/cpuinfo")
    for line in file.read_text().splitlines() if file.exists() else []:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()
