"""A TCP proxy on loopback whose connections can be dropped, as networks drop them."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Proxy:
    """What stands between a client and a server; `url` leads through it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        user, at, _ = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def drop(self) -> None:
        """Ends every connection at once; new ones are let through."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends them and lets no new one through."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes who waits for the next
        self._listening.close()
        self.drop()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._server)
                self._pairs.append((client, server))
                threading.Thread(target=_carry, args=(client, server), daemon=True).start()


def _carry(client: socket.socket, server: socket.socket) -> None:
    """Passes on what either says until one of them ends."""
    others = {client: server, server: client}
    with client, server, selectors.DefaultSelector() as ready, suppress(OSError):
        for end in others:
            ready.register(end, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                said = key.fileobj
                assert isinstance(said, socket.socket)
                found = said.recv(1 << 16)
                if not found:
                    return
                others[said].sendall(found)


@contextmanager
def proxy(url: str) -> Iterator[Proxy]:
    """A proxy before the server of that URL, for the length of a block."""
    opened = Proxy(url)
    try:
        yield opened
    finally:
        opened.close()
