"""TLS: whether it is spoken, whether the certificate is trusted, and what it says even if not."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from dataclasses import replace

from emsockets_build.probe.model import CertificateSeen, TlsSeen
from emsockets_build.probe.wire import Line, connection, words_of

__all__ = ["examine", "trusting_nobody", "verifying"]

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python's ssl has no name for: an expired certificate
# is to be read, too.
_NO_CHECK_TIME = 0x200000


def verifying(ca_file: str = "") -> ssl.SSLContext:
    """Make a context that trusts what the system trusts.

    Args:
        ca_file: A PEM file of further authorities.

    Raises:
        OSError: The file cannot be read.
    """
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return _speaking_http(context)


def trusting_nobody() -> ssl.SSLContext:
    """Make a context that asks for no trust, so that everything else can be seen."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _speaking_http(context)


def _speaking_http(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_alpn_protocols(["http/1.1"])
    return context


async def examine(line: Line, ca_file: str = "") -> TlsSeen:
    """Shake hands as clients do, and read the certificate.

    Args:
        line: The way to the server; its context is not used.
        ca_file: A PEM file of further authorities.
    """
    judged, certificate = await asyncio.gather(_judge(line, ca_file), _read(line))
    return replace(judged, certificate=certificate)


async def _judge(line: Line, ca_file: str) -> TlsSeen:
    started = time.monotonic()
    try:
        async with connection(replace(line, context=verifying(ca_file))) as (_, writer):
            spoken: ssl.SSLObject = writer.get_extra_info("ssl_object")
            return TlsSeen(spoken.version() or "", trusted=True, seconds=time.monotonic() - started)
    except ssl.SSLCertVerificationError as error:
        return TlsSeen("TLS", words_of(error), seconds=time.monotonic() - started)
    except TimeoutError:
        return TlsSeen(fault=f"no TLS handshake within {line.timeout:g} s")
    except OSError as error:
        return TlsSeen(fault=words_of(error))


async def _read(line: Line) -> CertificateSeen | None:
    """Get the certificate without trust, then again with itself as its only authority.

    Python decodes a certificate only after it has verified it. As its own anchor, with a chain
    that may end there and a clock that does not count, every certificate verifies.
    """
    with contextlib.suppress(OSError):
        async with connection(replace(line, context=trusting_nobody())) as (_, writer):
            spoken: ssl.SSLObject = writer.get_extra_info("ssl_object")
            encoded = spoken.getpeercert(binary_form=True)
        if not encoded:
            return None
        context = trusting_nobody()
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags = ssl.VerifyFlags(ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME)
        context.load_verify_locations(cadata=encoded)
        async with connection(replace(line, context=context)) as (_, writer):
            spoken = writer.get_extra_info("ssl_object")
            return _seen(dict(spoken.getpeercert() or {}))
    return None


def _seen(decoded: dict[str, object]) -> CertificateSeen:
    names = decoded.get("subjectAltName")
    subject, issuer = decoded.get("subject"), decoded.get("issuer")
    return CertificateSeen(
        subject=_name(subject),
        issuer=_name(issuer),
        names=tuple(str(name[1]) for name in names) if isinstance(names, tuple) else (),
        not_before=ssl.cert_time_to_seconds(str(decoded.get("notBefore"))),
        not_after=ssl.cert_time_to_seconds(str(decoded.get("notAfter"))),
        self_signed=subject == issuer,
    )


def _name(rows: object) -> str:
    """Return the common name, else whatever there is."""
    pairs = [pair for row in rows for pair in row] if isinstance(rows, tuple) else []
    for key, value in pairs:
        if key == "commonName":
            return str(value)
    return ", ".join(str(value) for _, value in pairs)
