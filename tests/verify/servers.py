"""Small servers that behave in every way that a project's own server may."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time


def listen(port: int) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def echo(server: socket.socket, *, clients: int = 0) -> None:
    """Serve clients, all of them at once; after ``clients`` of them, if that is not 0, return."""
    served = 0
    threads = []
    while not clients or served < clients:
        client, _ = server.accept()
        served += 1
        threads.append(threading.Thread(target=_echo_one, args=(client,)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def _echo_one(client: socket.socket) -> None:
    with client:
        while data := client.recv(65536):
            client.sendall(data)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(way: str, port: int) -> None:  # noqa: C901, PLR0912, PLR0915 - a list of ways
    if way == "dies":
        say("cannot read the configuration")
        sys.exit(3)
    elif way == "crashes":
        os.abort()
    elif way == "sleeps":
        say("starting")
        time.sleep(60)
    elif way == "taken":
        with listen(0) as other:
            listen(other.getsockname()[1] if port else 0)
    elif way == "prints-its-port":
        server = listen(0)
        number = str(server.getsockname()[1])
        for digit in f"listening on port {number}":
            sys.stdout.write(digit)
            sys.stdout.flush()
        say("")
        echo(server)
    elif way == "prints-no-port":
        say("listening on port many")
        time.sleep(60)
    elif way == "buffers":
        sys.stdout.write("ready\n")  # and is not flushed, which is the point
        echo(listen(port))
    elif way == "one-client":
        server = listen(port)
        say("ready")
        echo(server, clients=1)
    elif way == "crashes-later":
        server = listen(port)
        client, _ = server.accept()
        client.recv(1)
        os.kill(os.getpid(), signal.SIGSEGV)
    elif way == "forks":
        child = subprocess.Popen([sys.executable, __file__, "ignores-sigterm", str(port)])
        child.wait()
    elif way == "daemon":
        subprocess.Popen([sys.executable, __file__, "echoes", str(port)], start_new_session=True)
    elif way == "ignores-sigterm":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        echo(listen(port))
    elif way == "floods":
        server = listen(port)
        threading.Thread(target=echo, args=(server,), daemon=True).start()
        line = b"\x1b[31mnoise\xff\n" * 4096
        while True:
            sys.stdout.buffer.write(line)
    else:
        server = listen(port)
        say(f"ready on {port}")
        echo(server)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
