"""The certificate that the HTTP server shows."""

from __future__ import annotations

import ssl

from attrs import frozen

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Settings


@frozen
class Certificate:
    """Files of a certificate with its chain, and of its key; PEM both."""

    cert: str
    key: str | None


def tls_of(settings: Settings) -> Certificate | None:
    """The certificate that the settings name, tried out; None where they name none.

    Raises:
        ValidationError: The files can't be read, or don't belong together.
    """
    if settings.tls_cert is None:
        if settings.tls_key is not None:
            raise _bad("tls_cert", "setting 'tls_key' needs 'tls_cert' beside it")
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key, password="")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = type(error).__name__ if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None) or "bad"
        raise _bad("tls_cert", f"the certificate or its key can't be used: {why}") from None
    return Certificate(settings.tls_cert, settings.tls_key)


def _bad(name: str, message: str) -> ValidationError:
    return ValidationError(
        codes.SETTING_INVALID, message, hint="Give PEM files; the key without a passphrase.", path=name
    )
