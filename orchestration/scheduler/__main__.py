"""Keep Airflow's components: they end when this process does.

python -m orchestration.scheduler PORT
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from orchestration import locks
from orchestration.scheduler.environment import variables
from orchestration.scheduler.record import Record, server_lock
from orchestration.settings import Settings


def main() -> int:
    """Run `airflow standalone` with our settings until it ends, or somebody ends us."""
    settings, port = Settings.load(), int(sys.argv[1])
    with locks.alone(server_lock(settings)):
        command = [str(Path(sys.executable).with_name("airflow")), "standalone"]
        own = {**os.environ, **variables(settings, port=port)}
        airflow = subprocess.Popen(command, env=own, cwd=settings.project_dir)  # noqa: S603  # our own words

        def end(*_: object) -> None:
            airflow.send_signal(signal.SIGINT)  # it ends its components then

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        Record(pid=os.getpid(), port=port).write(settings)
        return airflow.wait()


if __name__ == "__main__":
    sys.exit(main())
