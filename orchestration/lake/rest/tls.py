"""The certificate that lets the catalog speak to other machines."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import UsageError


@dataclass(frozen=True)
class Certificate:
    """A certificate with its chain, and its private key: two files in PEM form.

    Raises:
        UsageError: One cannot be read, or they do not belong together.
    """

    cert: Path
    key: Path

    def __post_init__(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # An encrypted key would make a server in the background wait for ever.
            context.load_cert_chain(self.cert, self.key, password=str)
        except OSError as error:  # ssl's errors are among these
            reason = getattr(error, "reason", None) or error.strerror
            raise UsageError(
                f"the catalog cannot speak TLS with these files ({reason})",
                where=f"{self.cert}, {self.key}",
                remedy="Name a certificate and its key, both PEM, the key without a "
                "password.",
            ) from error
