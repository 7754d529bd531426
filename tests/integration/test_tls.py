"""TLS to PostgreSQL, and passwords: what each sslmode takes, certificates both ways, files and commands."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from attrs import frozen

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.address import Address
from pgmcp.adapters.postgres.examining import Demanded, PostgresExaminer
from pgmcp.adapters.postgres.passwords import PasswordCommand
from pgmcp.adapters.postgres.peer import certificate_end
from pgmcp.adapters.postgres.session_settings import SessionSettings
from pgmcp.domain.errors import DatabaseError, PgmcpError, codes
from pgmcp.domain.settings import Secret, Settings
from pgmcp.entrypoints.bootstrap.drivers import demanded
from pgmcp.ports.driver import Driver, DriverError, Need, Statement
from tests.fixtures.certificates import Authority, Pair
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.pool import a_call, way_to
from tests.fixtures.postgres import TestServer, celerp_binaries, make_folder, private_server

# Loopback addresses that nobody else listens on, at PostgreSQL's own port; each process has its own two.
_NETWORK = f"127.{1 + os.getpid() // 65_536 % 250}.{os.getpid() // 256 % 256}"
HOST, OTHER = (f"{_NETWORK}.{2 * (os.getpid() % 120) + last}" for last in (7, 8))
PORT = 5432
PASSWORD = "hunter2 'quoted' 100% + ü"


@frozen(kw_only=True)
class Encrypted:
    """A server with TLS, the roles `word` (a password) and `paper` (a certificate)."""

    server: TestServer
    trusted: Authority
    paper: Pair
    folder: Path

    def dsn(self, host: str = HOST, user: str = "word", **options: str) -> str:
        """An address by key and value, as libpq takes it."""
        known = {"host": host, "dbname": "postgres", "user": user} | options
        quoted = {key: value.replace("\\", "\\\\").replace("'", "\\'") for key, value in known.items()}
        return " ".join(f"{key}='{value}'" for key, value in quoted.items())


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def encrypted() -> AsyncIterator[Encrypted]:
    """PostgreSQL 17 with TLS; it takes `word` by SCRAM and `paper` by certificate."""
    folder = make_folder()
    trusted = Authority(folder)
    certificate = trusted.certificate(HOST)
    rules = folder / "pg_hba.conf"
    rules.write_text(
        "local all all trust\nhostssl all paper all cert\nhostssl all word all scram-sha-256\nhost all all all reject\n"
    )
    async with private_server(binaries=celerp_binaries()) as plain:
        owner = plain.server.data_dir / "cluster"
        for path in (certificate.cert, certificate.key, trusted.cert, rules):
            if os.geteuid() == 0:
                os.chown(path, owner.stat().st_uid, owner.stat().st_gid)
    settings = {
        "ssl": "on",
        "ssl_cert_file": str(certificate.cert),
        "ssl_key_file": str(certificate.key),
        "ssl_ca_file": str(trusted.cert),
        "hba_file": str(rules),
        "listen_addresses": f"{HOST},{OTHER}",
    }
    async with private_server(settings=settings, binaries=celerp_binaries()) as server:
        await server.admin("CREATE ROLE paper LOGIN")
        quoted = PASSWORD.replace("'", "''")
        await server.admin(f"CREATE ROLE word LOGIN PASSWORD '{quoted}'")
        yield Encrypted(server=server, trusted=trusted, paper=trusted.certificate("paper"), folder=folder)
    shutil.rmtree(folder)


def client(driver: str, dsn: str, password: PasswordCommand | None = None) -> Driver:
    """A driver of that name."""
    return CLIENTS[driver](address=Address.read(dsn), settings=SessionSettings(), password=password)


async def tls_of(driver: Driver) -> str | None:
    """The version of TLS that a new session has."""
    connection = await driver.connect(Need.READ)
    try:
        text = "SELECT version FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"
        found = await connection.run(Statement(text))
    finally:
        await connection.close()
    return found.rows[0][0] if found.rows else None


@pytest.mark.asyncio(loop_scope="module")
class TestTls:
    @pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
    async def test_a_trusted_server(self, encrypted: Encrypted, driver: str, mode: str) -> None:
        """Each mode that encrypts takes a server whose certificate and name are right."""
        dsn = encrypted.dsn(password=PASSWORD, sslmode=mode, sslrootcert=str(encrypted.trusted.cert))
        assert await tls_of(client(driver, dsn)) == "TLSv1.3"

    @pytest.mark.parametrize(
        "host, mode, right",
        [
            pytest.param(OTHER, "verify-full", False, id="another name"),
            pytest.param(OTHER, "verify-ca", True, id="a name that nobody checks"),
            pytest.param(HOST, "disable", False, id="no TLS where the server wants it"),
        ],
    )
    async def test_the_name(self, encrypted: Encrypted, driver: str, host: str, mode: str, right: bool) -> None:
        """Only `verify-full` looks at it."""
        dsn = encrypted.dsn(host, password=PASSWORD, sslmode=mode, sslrootcert=str(encrypted.trusted.cert))
        if right:
            assert await tls_of(client(driver, dsn)) == "TLSv1.3"
        else:
            with pytest.raises(DriverError):
                await tls_of(client(driver, dsn))

    @pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
    async def test_a_stranger(self, encrypted: Encrypted, driver: str, mode: str, tmp_path: Path) -> None:
        """A server that somebody else vouches for gets no password."""
        other = Authority(tmp_path, "other")
        dsn = encrypted.dsn(password=PASSWORD, sslmode=mode, sslrootcert=str(other.cert))
        with pytest.raises(DriverError) as caught:
            await tls_of(client(driver, dsn))
        assert "hunter2" not in f"{caught.value!r} {caught.value.fault}"

    async def test_a_certificate_of_ours(self, encrypted: Encrypted, driver: str, tmp_path: Path) -> None:
        """It opens the door without a password; one that nobody vouches for does not."""
        known = {"user": "paper", "sslmode": "verify-full", "sslrootcert": str(encrypted.trusted.cert)}
        ours = {"sslcert": str(encrypted.paper.cert), "sslkey": str(encrypted.paper.key)}
        assert await tls_of(client(driver, encrypted.dsn(**known, **ours))) == "TLSv1.3"
        forged = Authority(tmp_path, "other").certificate("paper")
        with pytest.raises(DriverError):
            await tls_of(client(driver, encrypted.dsn(**known, sslcert=str(forged.cert), sslkey=str(forged.key))))

    async def test_channel_binding(self, encrypted: Encrypted) -> None:
        """The driver that can bind the password to the channel does (asyncpg refuses to be asked)."""
        dsn = encrypted.dsn(password=PASSWORD, sslmode="require", channel_binding="require")
        assert await tls_of(client("psycopg", dsn)) == "TLSv1.3"

    async def test_a_password_file(self, encrypted: Encrypted, driver: str, tmp_path: Path) -> None:
        """As libpq reads it."""
        file = tmp_path / "pgpass"
        file.touch(mode=0o600)
        escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
        file.write_text(f"{HOST}:*:*:word:{escaped}\n", encoding="utf-8")
        assert await tls_of(client(driver, encrypted.dsn(passfile=str(file), sslmode="require"))) == "TLSv1.3"

    async def test_the_environment(self, encrypted: Encrypted, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Password, mode and root certificate may all come from libpq's variables; a wrong root is still refused."""
        named = {"PGPASSWORD": PASSWORD, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(encrypted.trusted.cert)}
        for name, value in named.items():
            monkeypatch.setenv(name, value)
        assert await tls_of(client(driver, encrypted.dsn())) == "TLSv1.3"
        assert Address.read(encrypted.dsn()).verification(os.environ) == "verify-full"
        monkeypatch.setenv("PGSSLROOTCERT", str(Authority(encrypted.folder, "stranger").cert))
        with pytest.raises(DriverError):
            await tls_of(client(driver, encrypted.dsn()))

    async def test_what_check_says(self, encrypted: Encrypted, driver: str) -> None:
        """Version, cipher, our own certificate."""
        ours = {"sslcert": str(encrypted.paper.cert), "sslkey": str(encrypted.paper.key)}
        async with way_to(encrypted.dsn(user="paper", sslmode="require", **ours), driver=driver) as way:
            facts = await PostgresExaminer(way.runner, Demanded(verified="verify-ca")).facts(a_call())
        assert (facts.tls, facts.client_certificate, facts.verified) == ("TLSv1.3", True, "verify-ca")
        assert facts.cipher is not None
        assert facts.cipher.startswith("TLS_")

    @pytest.mark.parametrize(
        "said, bound",
        [
            pytest.param({}, True, id="libpq's default"),
            pytest.param({"channel_binding": "disable"}, False, id="not wanted"),
            pytest.param({"channel_binding": "require"}, True, id="demanded"),
        ],
    )
    async def test_check_tells_what_nobody_could_forge(
        self, encrypted: Encrypted, driver: str, said: dict[str, str], bound: bool
    ) -> None:
        """Whether the password was bound to the channel, where the driver can, and when the server's certificate ends.

        PostgreSQL 17 tells how the session has shown who it is.
        """
        if driver == "asyncpg":
            said, bound = {}, False
        dsn = encrypted.dsn(password=PASSWORD, sslmode="require", **said)
        settings = Settings(dsn=Secret(dsn), driver=driver)
        async with way_to(dsn, driver=driver) as way:
            examiner = PostgresExaminer(way.runner, demanded(settings, {}))
            facts = await examiner.protected(await examiner.facts(a_call()), a_call())
        assert (facts.bound, facts.certificate_days) == (bound, 0)

    async def test_a_server_that_shows_nothing(self, encrypted: Encrypted, tmp_path: Path) -> None:
        """Nobody there, somebody who hangs up, somebody who speaks something else: no end is told."""

        async def turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"N")
            writer.close()

        async with await asyncio.start_server(turn_away, HOST, 0) as web:
            port = web.sockets[0].getsockname()[1]
            assert await certificate_end([(HOST, port)]) is None
        assert await certificate_end([(HOST, port)]) is None
        assert await certificate_end([(HOST, port), (HOST, PORT)]) is not None
        assert await certificate_end([]) is None


def command(tmp_path: Path, program: str) -> tuple[str, Path]:
    """A command line for a Python program, and the file that it writes a line to each time."""
    script, times = tmp_path / "print it.py", tmp_path / "times"
    script.write_text(f"import sys, time\nopen({str(times)!r}, 'a').write('x\\n')\n{program}\n", encoding="utf-8")
    return shlex.join([sys.executable, str(script)]), times


@pytest.mark.asyncio(loop_scope="module")
class TestPasswordCommand:
    @pytest.mark.parametrize("kept_s, asked", [(0.0, 3), (900.0, 1)])
    async def test_it_is_asked(
        self, encrypted: Encrypted, driver: str, tmp_path: Path, kept_s: float, asked: int
    ) -> None:
        """For each new connection, unless its answer may be kept."""
        line, times = command(tmp_path, f"sys.stdout.buffer.write({PASSWORD.encode()!r} + b'\\n')")
        password = PasswordCommand.read(line, SystemClock(), kept_s=kept_s)
        known = client(driver, encrypted.dsn(sslmode="require"), password)
        for _ in range(3):
            assert await tls_of(known) == "TLSv1.3"
        assert len(times.read_text().splitlines()) == asked

    async def test_a_kept_one_that_ended_is_asked_for_anew(
        self, encrypted: Encrypted, driver: str, tmp_path: Path
    ) -> None:
        """The server refuses it, and the next one is taken at once."""
        file = tmp_path / "password"
        file.write_text(PASSWORD)
        line, times = command(tmp_path, f"print(open({str(file)!r}).read(), end='')")
        known = client(driver, encrypted.dsn(sslmode="require"), PasswordCommand.read(line, SystemClock(), kept_s=900))
        assert await tls_of(known) == "TLSv1.3"
        await encrypted.server.admin("ALTER ROLE word PASSWORD 'rotated'")
        try:
            file.write_text("rotated")
            assert await tls_of(known) == "TLSv1.3"
            file.write_text("wrong")
            await encrypted.server.admin("ALTER ROLE word PASSWORD 'again'")
            with pytest.raises(DriverError) as caught:
                await tls_of(known)
            assert caught.value.fault.sqlstate == "28P01"
        finally:
            quoted = PASSWORD.replace("'", "''")
            await encrypted.server.admin(f"ALTER ROLE word PASSWORD '{quoted}'")
        assert len(times.read_text().splitlines()) == 3

    @pytest.mark.parametrize(
        "program, why",
        [
            pytest.param("sys.exit('hunter2')", "it ended with 1", id="fails"),
            pytest.param("", "it printed no password", id="silent"),
            pytest.param("print('x' * 1_000_000)", "it printed no password", id="talks on and on"),
            pytest.param("sys.stdout.buffer.write(b'\\xff')", "it printed no UTF-8", id="no text"),
            pytest.param("sys.stdout.buffer.write(b'a\\0b')", "it printed no password", id="NUL"),
        ],
    )
    async def test_it_gives_none(self, tmp_path: Path, program: str, why: str) -> None:
        """The connection fails before it is begun, and tells why without a word of what was printed."""
        line, _ = command(tmp_path, program)
        password = PasswordCommand(shlex.split(line), SystemClock(), timeout_s=60)
        with pytest.raises(DatabaseError) as caught:
            await client("asyncpg", "host=nowhere.invalid", password).connect(Need.READ)
        assert caught.value.code is codes.AUTHENTICATION_FAILED
        assert why in caught.value.message
        assert "hunter2" not in str(caught.value.document())

    async def test_it_talks_faster_than_it_is_heard(self) -> None:
        """However much is under way when it is stopped, the connection fails at once."""
        password = PasswordCommand(["cat", "/dev/zero"], SystemClock(), timeout_s=60)
        for _ in range(20):
            with pytest.raises(DatabaseError) as caught:
                await client("asyncpg", "host=nowhere.invalid", password).connect(Need.READ)
            assert "it printed no password" in caught.value.message

    @pytest.mark.parametrize(
        "program",
        [
            pytest.param("time.sleep(3600)", id="by itself"),
            pytest.param("subprocess.run(NAP)", id="in a program that it runs"),
            pytest.param("subprocess.Popen(NAP)", id="in one that it leaves"),
        ],
    )
    async def test_it_never_ends(self, tmp_path: Path, program: str) -> None:
        """It is given up, with all that it has started, and the connection fails."""
        alive = tmp_path / "alive"
        os.mkfifo(alive)
        nap = [sys.executable, "-c", "import sys, time; f = open(sys.argv[1], 'w'); time.sleep(3600)", str(alive)]
        line, _ = command(tmp_path, f"import subprocess\nf = open({str(alive)!r}, 'w')\nNAP = {nap!r}\n{program}")
        password = PasswordCommand(shlex.split(line), SystemClock(), timeout_s=3)
        reading = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
        with pytest.raises(DatabaseError) as caught:
            await client("asyncpg", "host=nowhere.invalid", password).connect(Need.READ)
        assert caught.value.code is codes.AUTHENTICATION_FAILED
        assert "it took longer than 3 s" in caught.value.message
        # The pipe ends once nobody is left who could write to it.
        os.set_blocking(reading, True)
        assert await asyncio.to_thread(os.read, reading, 1) == b""
        os.close(reading)

    async def test_no_shell_reads_it(self, encrypted: Encrypted, tmp_path: Path) -> None:
        """What a shell would run stays an argument."""
        line, _ = command(tmp_path, "print(sys.argv[1:], file=open(sys.argv[0] + '.seen', 'w'))")
        password = PasswordCommand.read(f"{line} '; touch x' $(id) `id` > y", SystemClock(), kept_s=0)
        with pytest.raises(DatabaseError):
            await client("asyncpg", encrypted.dsn(), password).connect(Need.READ)
        seen = await asyncio.to_thread((tmp_path / "print it.py.seen").read_text)
        assert seen == "['; touch x', '$(id)', '`id`', '>', 'y']\n"

    @pytest.mark.parametrize("line", ["", " ", "'open"])
    async def test_no_command_at_all(self, line: str) -> None:
        """Start-up ends."""
        with pytest.raises(PgmcpError) as caught:
            PasswordCommand.read(line, SystemClock(), kept_s=0)
        assert caught.value.path == "password_command"

    async def test_a_program_that_is_not_there(self, encrypted: Encrypted) -> None:
        """Said by the system's own words."""
        password = PasswordCommand(["/nowhere/to/be/found"], SystemClock())
        with pytest.raises(DatabaseError) as caught:
            await client("asyncpg", encrypted.dsn(), password).connect(Need.READ)
        assert "No such file or directory" in caught.value.message
