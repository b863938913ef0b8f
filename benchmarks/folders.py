"""Many mailboxes in one process: its memory, and how soon a new mail in any of them is a draft.

Run: `python benchmarks/intake.py folders [MAILBOXES]`. The real daemon runs beside a Dovecot, one account a mailbox,
all over TLS. Memory is that of the daemon and of the processes that read mails for it. The clock of a mail starts when
it is delivered, so Dovecot's own half second of delay is in it, and stops when its draft stands in Drafts.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from flood import mails_of
from servers import SECRET, SELLER, DovecotServer, dovecot

MAILS = 30
PAUSE_SECONDS = 1.0
MOST_SECONDS = 40.0
# With as many connections as this Dovecot runs out of the kernel's watches, and looks by itself this often.
SERVER = """
default_process_limit = 2000
default_client_limit = 5000
mailbox_idle_check_interval = 1 s
"""
ACCOUNT = """
[[account]]
name = "shop{number}"
address = "{user}"
authserv_id = "mx.seller.example"
[account.imap]
host = "localhost"
port = {port}
ca_file = "{ca_file}"
secret = "file:{folder}/secret"
"""


def main(count: int) -> None:
    """Print the table."""
    users = [f"seller{number:03}@seller.example" for number in range(count)]
    with (
        tempfile.TemporaryDirectory() as name,
        dovecot(Path(name), dict.fromkeys(users, SECRET), extra=SERVER) as server,
    ):
        folder = Path(name)
        config = write_config(folder, server, users)
        command = [sys.executable, "-m", "inbox_bot", "run", "--config", str(config)]
        with (folder / "log").open("wb") as log:
            daemon = subprocess.Popen(command, stderr=log, stdout=log)
            try:
                begun = time.perf_counter()
                wait_until_all_listen(folder, server, count)
                print(f"{count} mailboxes, all watched after {time.perf_counter() - begun:.0f} s")
                print(f"at rest: {memory(daemon.pid)}")
                taken = deliver(server, users)
                time.sleep(20)  # the daemon sweeps every 15 s
                print(f"after {MAILS} notices: {memory(daemon.pid)}")
            finally:
                daemon.terminate()
                daemon.wait(60)
    late = sorted(taken)
    print(
        f"delivery -> draft: median {statistics.median(late):.2f} s, p95 {late[int(len(late) * 0.95)]:.2f} s, "
        f"most {late[-1]:.2f} s, {len(late)} of {MAILS} there"
    )


def write_config(folder: Path, server: DovecotServer, users: list[str]) -> Path:
    """All accounts in one file."""
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o600)
    accounts = (
        ACCOUNT.format(
            number=number, user=user, port=server.imaps_port, ca_file=server.ca_file, folder=folder
        )
        for number, user in enumerate(users)
    )
    file = folder / "config.toml"
    file.write_text('data_dir = "data"\n' + "".join(accounts))
    return file


def wait_until_all_listen(folder: Path, server: DovecotServer, count: int) -> None:
    """Until every account has a connection that idles; judged by the connections that rest."""
    until = time.monotonic() + 180
    while connections(server.imaps_port) < count:
        if time.monotonic() > until:
            raise TimeoutError((folder / "log").read_text()[-2000:])
        time.sleep(0.2)
    time.sleep(5)


def connections(port: int) -> int:
    """How many connections to the port are open on this machine, by the kernel's table."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    remote = f":{port:04X}"
    return sum(line.split()[2].endswith(remote) and line.split()[3] == "01" for line in lines)


def memory(pid: int) -> str:
    """Memory of the process and of its children."""
    own = resident(pid)
    children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for task in Path(f"/proc/{pid}/task").iterdir():
        text = (task / "children").read_text()
        children += [int(one) for one in text.split() if int(one) not in children]
    others = sum(resident(one) for one in children)
    return f"{own:.0f} MB, and {others:.0f} MB in {len(children)} process(es) that read mails"


def resident(pid: int) -> float:
    """VmRSS in MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


def deliver(server: DovecotServer, users: list[str]) -> list[float]:
    """Deliver one notice after the other to different mailboxes; how long each took to become a draft."""
    chosen = users[:: max(1, len(users) // MAILS)][:MAILS]
    sent: dict[str, float] = {}
    taken: dict[str, float] = {}
    until = time.monotonic() + MOST_SECONDS + MAILS * PAUSE_SECONDS
    waiting = list(enumerate(chosen))
    next_at = time.monotonic()
    while len(taken) < len(chosen) and time.monotonic() < until:
        if waiting and time.monotonic() >= next_at:
            number, user = waiting.pop(0)
            for raw in mails_of(number):
                server.deliver(user, received(raw.replace(SELLER.encode(), user.encode())))
            sent[user], next_at = time.monotonic(), time.monotonic() + PAUSE_SECONDS
        for user in sent.keys() - taken.keys():
            if server.messages(user, "Drafts"):
                taken[user] = time.monotonic() - sent[user]
        time.sleep(0.01)
    return list(taken.values())


def received(raw: bytes) -> bytes:
    """The mail as the seller's server hands it on, today."""
    today = f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S} +0000".encode()
    head = b"Authentication-Results: mx.seller.example; dmarc=pass header.from=amazon.com\n"
    return (head + re.sub(rb"(?m)^Date: Mon, 05 Oct.*$", today, raw)).replace(b"\n", b"\r\n")
