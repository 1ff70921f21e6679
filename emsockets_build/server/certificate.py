"""A certificate made on the spot, for ``wss://``, and the means to make clients trust it.

The authority lives as long as the server: its key never touches the disk, so that nobody can use
it later against someone who once trusted it.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emsockets_build.errors import ToolMissingError, UsageError

if TYPE_CHECKING:
    import trustme

__all__ = ["LOCAL_NAMES", "Certificate", "load_context", "make_certificate"]

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate and the authority that signed it.

    Attributes:
        context: What the server needs.
        authority_pem: The authority's certificate: what a client must trust.
        spki: The SHA-256 of the server's public key in base64, for Chromium's
            ``--ignore-certificate-errors-spki-list``.
    """

    context: ssl.SSLContext
    authority_pem: bytes
    spki: str

    def client_context(self) -> ssl.SSLContext:
        """Return a context for a Python client that trusts this certificate and no other."""
        return ssl.create_default_context(cadata=self.authority_pem.decode())


def make_certificate(names: Sequence[str] = LOCAL_NAMES) -> Certificate:
    """Make an authority and a certificate.

    Args:
        names: Host names and addresses that clients will use.

    Returns:
        The certificate.

    Raises:
        ToolMissingError: trustme is not installed.
    """
    try:
        import trustme
    except ImportError as error:
        raise ToolMissingError(
            "a certificate cannot be made",
            why="the Python package trustme is not installed",
            remedy="pip install 'emsockets-build[tls]', or give --cert and --key",
        ) from error
    authority = trustme.CA(organization_name="emsockets, for one test server")
    leaf = authority.issue_cert(*dict.fromkeys(names))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf.configure_cert(context)
    return Certificate(context, authority.cert_pem.bytes(), _spki(leaf))


def _spki(leaf: trustme.LeafCert) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


def load_context(cert: Path, key: Path | None = None) -> ssl.SSLContext:
    """Load a certificate from files.

    Args:
        cert: PEM file with the certificate and its chain.
        key: PEM file with the private key; None if it is in ``cert``.

    Returns:
        A server context.

    Raises:
        UsageError: A file cannot be read, or the two do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)

    def no_passphrase() -> str:
        raise ValueError("the private key is protected by a passphrase")

    try:
        context.load_cert_chain(cert, key, password=no_passphrase)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise UsageError(
            f"the certificate {cert} cannot be used",
            where=str(cert),
            why=str(error),
            remedy="give a PEM file with the chain, and its unprotected private key with --key",
        ) from error
    return context
