"""A private folder → an own certificate authority, a server certificate for Salesforce's host names, a key for JWTs."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = (
    "localhost",
    "127.0.0.1",
    "::1",
    "login.salesforce.com",
    "test.salesforce.com",
    "*.my.salesforce.com",
    "*.sandbox.my.salesforce.com",
    "*.salesforce.com",
)
KEY_BITS = 2048


def server_context(ca_file: Path) -> ssl.SSLContext:
    """Make an authority, write its certificate to `ca_file`, and return a context that serves with its certificate."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    return context


def new_key(path: Path) -> bytes:
    """Make an RSA key for JWT log-ins and write it to `path`, readable by its owner only; the PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return pem


def public_key(pem: bytes) -> rsa.RSAPublicKey:
    """The public half of a key."""
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA key is expected")
    return key.public_key()
