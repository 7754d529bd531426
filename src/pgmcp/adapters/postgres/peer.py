"""Who a server says that it is: the end of its certificate, asked for on a connection of its own.

No driver tells it (libpq keeps the certificate to itself), so the handshake is made once more, as libpq begins it.
Source: PostgreSQL documentation, section 54.2.11 (SSL Session Encryption).
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

# The length of the request, and the number that stands in a version's place.
_REQUEST = struct.pack("!ii", 8, 80877103)
_TIMEOUT_S = 5.0


async def certificate_end(places: Sequence[tuple[str, int]]) -> datetime | None:
    """The end of the certificate that the first of these servers shows; None where none shows any in time.

    Args:
        places: Hosts and ports. Whether the certificate can be trusted the driver's own connection has found out.
    """
    for host, port in places:
        with suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, ValueError):
            async with asyncio.timeout(_TIMEOUT_S):
                return await _end(host, port)
    return None


async def _end(host: str, port: int) -> datetime | None:
    from cryptography.x509 import load_der_x509_certificate

    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_REQUEST)
        if await reader.readexactly(1) != b"S":
            return None
        anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anyone.check_hostname = False
        anyone.verify_mode = ssl.CERT_NONE
        await writer.start_tls(anyone, server_hostname=host)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return load_der_x509_certificate(shown).not_valid_after_utc if shown else None
    finally:
        writer.close()
