"""Private mail servers on loopback for the tests: a real Dovecot, and pymap inside this process.

Both are context managers with the same face (`host`, `imap_port`, `deliver`, `messages`, `stop`), start with the
folders INBOX, Drafts, Sent and Junk, empty, and take any user names and passwords. What is tested is not here.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from imapclient.imap_utf7 import encode as encode_utf7

from inbox_bot import testing
from inbox_bot.testing import PymapServer

SELLER = "orders@seller.example"
SECRET = "correct horse"
USERS: Mapping[str, str] = {SELLER: SECRET}
START_SECONDS = 20.0
LIVE = os.environ.get("INBOX_BOT_LIVE") == "1"

_DOVECOT_CONF = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
instance_name = test{port}
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = yes
ssl_cert = <{home}/ssl/cert.pem
ssl_key = <{home}/ssl/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = never
mail_location = maildir:{home}/mail/%u
mailbox_idle_check_interval = 1 secs
protocol imap {{
  mail_max_userip_connections = 200
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    auto = subscribe
    special_use = \\Drafts
  }}
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
{extra}
"""


def has_dovecot() -> bool:
    """Whether a Dovecot can be started here; under INBOX_BOT_LIVE=1 the answer is yes, and starting must work."""
    return LIVE or (_binary("dovecot") is not None and _binary("openssl") is not None)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_certificate(folder: Path, *names: str) -> Path:
    """Write ca.pem, cert.pem and key.pem for these host names (DNS or IP); returns the path of ca.pem."""
    folder.mkdir(parents=True, exist_ok=True)
    openssl = _binary("openssl")
    assert openssl is not None, "openssl is not installed"
    alternative = ",".join(f"IP:{name}" if name[0].isdigit() else f"DNS:{name}" for name in names)
    (folder / "ext.cnf").write_text(f"subjectAltName={alternative}\n")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    commands = (
        f"req -x509 {key} -keyout ca.key -out ca.pem -days 30 -subj /CN=Test -addext keyUsage=critical,keyCertSign",
        f"req {key} -keyout key.pem -out cert.csr -subj /CN={names[0]}",
        "x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 30 -extfile ext.cnf",
    )
    for command in commands:
        subprocess.run([openssl, *command.split()], cwd=folder, check=True, capture_output=True)
    return folder / "ca.pem"


class DovecotServer:
    """A running Dovecot of its own; made by `dovecot`."""

    def __init__(self, home: Path, ca_file: Path, users: Mapping[str, str], extra: str) -> None:
        self.host = "127.0.0.1"
        self.home = home
        self.ca_file = str(ca_file)
        self.imap_port, self.imaps_port = free_port(), free_port()
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._owner = (account.pw_uid, account.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count(1)
        for part in ("run", "state", "mail"):
            (home / part).mkdir()
        (home / "users").write_text(
            "".join(f"{user}:{{PLAIN}}{word}::::::\n" for user, word in users.items())
        )
        (home / "dovecot.conf").write_text(
            _DOVECOT_CONF.format(
                home=home,
                port=self.imap_port,
                tls_port=self.imaps_port,
                user=account.pw_name,
                group=_group_name(account.pw_gid),
                extra=extra,
            )
        )
        for user in users:
            _make_maildir(home / "mail" / user)
        self._own(home)

    def start(self) -> None:
        """Start the server and wait until it greets."""
        binary = _binary("dovecot")
        assert binary is not None, "Dovecot is not installed (Debian: dovecot-imapd)"
        with (self.home / "start.log").open("wb") as log:
            self._process = subprocess.Popen(
                [binary, "-F", "-c", str(self.home / "dovecot.conf")],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        _await_greeting(self.imap_port, lambda: self._log(), lambda: self._ended())

    def stop(self) -> None:
        """Stop the server; every connection ends."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            # The processes that serve connections outlive their master; they are its session's, and only they.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def restart(self) -> None:
        """Stop and start on the same ports with the same mail."""
        self.stop()
        self.start()

    def mail_folder(self, user: str = SELLER, name: str = "INBOX") -> Path:
        """The Maildir of the user's folder, made if it does not exist."""
        path = self.home / "mail" / user
        if name.upper() != "INBOX":
            path /= "." + encode_utf7(name).decode("ascii").replace("/", ".")
        if not (path / "new").is_dir():
            _make_maildir(path)
            self._own(path)
        return path

    def deliver(self, user: str, raw: bytes, folder: str = "INBOX", at: datetime | None = None) -> None:
        """Drop a mail into the folder, as a delivery agent does; `at` becomes its INTERNALDATE."""
        path = self.mail_folder(user, folder)
        name = f"{time.time_ns()}.{next(self._names)}.test"
        (path / "tmp" / name).write_bytes(raw)
        if at is not None:
            os.utime(path / "tmp" / name, (at.timestamp(), at.timestamp()))
        self._own(path / "tmp" / name)
        (path / "tmp" / name).rename(path / "new" / name)

    def messages(self, user: str = SELLER, folder: str = "INBOX") -> list[bytes]:
        """The mails of the folder as they lie on the disk, in order of delivery."""
        path = self.mail_folder(user, folder)
        return [
            file.read_bytes()
            for file in sorted((*path.glob("new/*"), *path.glob("cur/*")), key=lambda f: f.name)
        ]

    def drop_uidvalidity(self, user: str = SELLER, folder: str = "INBOX") -> None:
        """Forget the folder's UIDs: at the next look it has another UIDVALIDITY."""
        path = self.mail_folder(user, folder)
        for file in (*path.glob("dovecot.index*"), path / "dovecot-uidlist"):
            file.unlink(missing_ok=True)

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            for file in (path, *path.rglob("*")):
                os.chown(file, *self._owner)

    def _log(self) -> str:
        logs = (self.home / "start.log", self.home / "dovecot.log")
        return "\n".join(log.read_text(errors="replace") for log in logs if log.exists())

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


@contextmanager
def dovecot(
    tmp_path: Path,
    users: Mapping[str, str] = USERS,
    *,
    extra: str = "",
    names: tuple[str, ...] = ("localhost",),
) -> Iterator[DovecotServer]:
    """A private Dovecot; `ca.pem` and, afterwards, its log lie in `tmp_path`. Works as root and as anybody.

    The server lives in a short path of its own: its sockets allow 100 characters, and as root it runs as nobody,
    who may not enter the test's folder. `extra` is appended to the configuration, `names` stand in the certificate.
    """
    home = Path(tempfile.mkdtemp(prefix="dovecot-"))
    server = None
    try:
        home.chmod(0o755)
        ca_file = shutil.copy(make_certificate(home / "ssl", *names, "127.0.0.1"), tmp_path / "ca.pem")
        server = DovecotServer(home, Path(ca_file), users, extra)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
            (tmp_path / "dovecot.log").write_text(server._log())
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def pymap_server(users: Mapping[str, str] = USERS) -> Iterator[PymapServer]:
    """A private pymap server with these users, plain IMAP on loopback, all mail in memory."""
    with testing.pymap_server(users) as server:
        yield server


def _binary(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin")


def _group_name(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def _make_maildir(path: Path) -> None:
    for part in ("tmp", "new", "cur"):
        (path / part).mkdir(parents=True, exist_ok=True)
    if path.name.startswith("."):
        (path / "maildirfolder").touch()


def _await_greeting(port: int, log, ended) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and not ended():
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as link:
            if link.recv(4) == b"* OK":
                return
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start on port {port}:\n{log()}")
