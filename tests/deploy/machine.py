"""A small machine with systemd as its first process, made of namespaces: units run there for real.

It sees this machine's files and network; what is written to /etc, /opt, /var and /run is gone with
it. Of the units of this machine none runs in it, only those that a test puts there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Final, Self

import pytest

ROOT: Final = Path(__file__).parents[2]
SYSTEMD: Final = Path("/lib/systemd/systemd")
PATIENCE: Final = 90.0
NEEDS: Final = ("unshare", "nsenter", "systemctl", "mount")
TARGETS: Final = (
    *("sysinit", "basic", "shutdown", "network-online", "multi-user", "sockets", "timers"),
    *("paths", "slices", "umount", "exit", "machine"),
)
"""What units lean on; empty here."""
USER: Final = "duologue:x:990:990::/var/lib/duologue:/usr/sbin/nologin"

BOOT: Final = """
set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
for each in etc opt var; do
    over=/run/.$each
    mkdir -p $over/upper $over/work
    mount -t overlay overlay -o lowerdir=/$each,upperdir=$over/upper,workdir=$over/work /$each
done
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo '{user}' >> /etc/passwd
echo 'duologue:x:990:' >> /etc/group
mkdir -p /etc/duologue /opt/python /opt/source /opt/duologue/bin /opt/duologue/{site}
mount --bind {base} /opt/python
mount --bind {source} /opt/source
mount --bind {packages} /opt/duologue/{site}
ln -s /opt/python/bin/{python} /opt/duologue/bin/python
echo 'home = /opt/python/bin' > /opt/duologue/pyvenv.cfg
cat > /opt/duologue/bin/duologue <<'PROGRAM'
#!/opt/duologue/bin/python
import sys
from duologue.cli import main
sys.exit(main())
PROGRAM
chmod 755 /opt/duologue/bin/duologue
cp {folder}/duologue.env /etc/duologue/duologue.env
cp {folder}/*.py /etc/duologue/ 2>/dev/null || true
chmod 755 /etc/duologue && chmod 600 /etc/duologue/duologue.env
export container=other SYSTEMD_UNIT_PATH={folder}/units
exec {systemd} --system --unit=machine.target --log-target=console --show-status=no
"""
START: Final = """
mount --make-rprivate /
mkdir -p {folder}/cgroup
mount -t cgroup2 cgroup2 {folder}/cgroup
mkdir {folder}/cgroup/{name}
echo $$ > {folder}/cgroup/{name}/cgroup.procs
exec unshare --mount --pid --ipc --uts --cgroup --fork --kill-child bash {folder}/boot
"""
STOP: Final = """
mount --make-rprivate /
mount -t cgroup2 cgroup2 {folder}/cgroup
for each in $(seq 100); do
    find {folder}/cgroup/{name} -depth -type d -exec rmdir {{}} ';' 2>/dev/null
    [ -d {folder}/cgroup/{name} ] || break
    sleep 0.1
done
"""


class Machine:
    """Starts with the block and is gone behind it, with all that ran in it."""

    def __init__(self, folder: Path, environment: dict[str, str], *agents: Path) -> None:
        if os.geteuid() != 0 or not SYSTEMD.exists() or not all(map(shutil.which, NEEDS)):
            pytest.skip("systemd is run by root, where it is installed: apt-get install systemd")
        self.folder = folder
        self._name = f"duologue-{os.getpid()}-{folder.name[-20:]}"
        self._process: subprocess.Popen[str] | None = None
        self._inside = 0
        units = folder / "units"
        units.mkdir(parents=True)
        for each in TARGETS:
            (units / f"{each}.target").write_text("[Unit]\nDefaultDependencies=no\n")
        said = "[Service]\nStandardOutput=append:/run/said\nStandardError=append:/run/said\n"
        for unit in sorted((ROOT / "deploy" / "systemd").glob("*.service")):
            shutil.copy(unit, units)
            (units / f"{unit.name}.d").mkdir()
            (units / f"{unit.name}.d" / "test.conf").write_text(said)
        for agent in agents:
            shutil.copy(agent, folder)
        # Where things lie in the tests: a real package is installed beside its Python.
        places = {"PYTHONPATH": "/opt/source", "LD_LIBRARY_PATH": "/opt/python/lib"}
        lines = {**environment, **places}
        (folder / "duologue.env").write_text("".join(f"{k}={v}\n" for k, v in lines.items()))

    def __enter__(self) -> Self:
        packages = Path(sysconfig.get_path("purelib"))
        site = packages.relative_to(sys.prefix)
        facts = {"user": USER, "folder": self.folder, "systemd": SYSTEMD, "name": self._name}
        facts |= {"base": sys.base_prefix, "source": ROOT / "src", "packages": packages}
        facts |= {"site": site, "python": Path(sys.executable).resolve().name}
        (self.folder / "boot").write_text(BOOT.format_map(facts))
        self._log = (self.folder / "log").open("w")
        self._process = subprocess.Popen(
            ["unshare", "--mount", "bash", "-c", START.format_map(facts)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self._inside = self._first_process()
            self.until("systemctl", "is-system-running")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._log.close()
            gone = STOP.format(folder=self.folder, name=self._name)
            subprocess.run(
                ["unshare", "--mount", "bash", "-c", gone], check=False, timeout=PATIENCE
            )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """What a command says inside."""
        return subprocess.run(
            ["nsenter", "--target", str(self._inside), "--mount", "--pid", *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def until(self, *command: str) -> str:
        """What a command says once it succeeds."""
        end = time.monotonic() + PATIENCE
        while (done := self.run(*command)).returncode:
            assert time.monotonic() < end, f"{done.stdout}{done.stderr}{self.log}"
            time.sleep(0.2)
        return done.stdout.strip()

    def of(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", "--property", name, unit).stdout.strip()

    @property
    def log(self) -> str:
        """What systemd and its services said so far."""
        return (self.folder / "log").read_text() + self.run("cat", "/run/said").stdout

    def _first_process(self) -> int:
        """systemd, by its number outside."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        end = time.monotonic() + PATIENCE
        while True:
            assert self._process.poll() is None, (self.folder / "log").read_text()
            for each in children.read_text().split():
                if Path(f"/proc/{each}/comm").read_text().strip() == "systemd":
                    return int(each)
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.05)
