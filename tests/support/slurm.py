"""A real Slurm of one node, of the packages slurmctld, slurmd, slurm-client and munge of Debian."""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from deploy.local_triton.processes import started
from tests.support.live import eventually, free_port

SETTINGS = """
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@contextmanager
def slurm(folder: Path) -> Iterator[Path]:
    """Run the daemons until the block ends; give the settings, which SLURM_CONF is to name."""
    munged, slurmctld, slurmd, sinfo = map(_program, ("munged", "slurmctld", "slurmd", "sinfo"))
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o600)
    settings = folder / "slurm.conf"
    settings.write_text(
        SETTINGS.format(
            host=socket.gethostname().partition(".")[0],
            control_port=free_port(),
            node_port=free_port(),
            user=getpass.getuser(),
            folder=folder,
            cores=os.cpu_count(),
        )
    )
    environment = os.environ | {"SLURM_CONF": str(settings)}
    munge = [munged, "--foreground", "--force", f"--key-file={key}", "--origin=127.0.0.1"]
    munge += [f"--{name}={folder}/munge.{name.split('-')[0]}"
              for name in ("socket", "pid-file", "log-file", "seed-file")]  # fmt: skip

    def node_is_idle() -> bool:
        said = subprocess.run(  # noqa: S603  our own command
            [sinfo, "--noheader", "--format=%t"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return said.stdout.strip() == "idle"

    with ExitStack() as stack:
        for command in (munge, [slurmctld, "-D"], [slurmd, "-D"]):
            log = stack.enter_context((folder / f"{Path(command[0]).name}.log").open("wb"))
            stack.enter_context(started(command, log, environment))
            if command is munge:
                eventually((folder / "munge.socket").exists)
        eventually(node_is_idle)
        yield settings


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"no Slurm here ({name}): apt-get install slurmctld slurmd slurm-client munge")
    return found
