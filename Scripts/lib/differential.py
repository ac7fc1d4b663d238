"""Compares the edge with two other HTTP parsers: h11, and that of Tornado, on which Jupyter is built.

Every case of Tests/Corpus goes through a running `carrel edge`. Both parse what it forwards: they must find the same
requests in it, which are exactly those that the case expects. The same holds for the responses that clients get. Needs
the Python packages h11 and tornado.
"""

import argparse
import asyncio
import pathlib
import re
import socket
import ssl
import sys
import threading

import h11
from tornado import http1connection, httputil, iostream

# In seconds. Everything is on this machine; anything that takes longer has hung.
PATIENCE = 10
HOST = "a.labs.test"
# Larger than any head in the corpus.
HEAD_BYTES = 1 << 20

ESCAPE = re.compile(rb"\\(?:\{(\d+):([^}]*)\}|x([0-9a-fA-F]{2})|(.))")
ESCAPES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"s": b" ", b"\\": b"\\"}


def unescaped(text):
    def replace(match):
        count, part, hexadecimal, letter = match.groups()
        if count:
            return unescaped(part) * int(count)
        return bytes([int(hexadecimal, 16)]) if hexadecimal else ESCAPES[letter]

    return ESCAPE.sub(replace, text)


class Case:
    """One case: its bytes, and the expected outcome, parsed as in Tests/Corpus/Corpus.swift."""

    def __init__(self, group, name):
        self.name = f"{group}: {name}"
        self.data = b""
        self.method = "GET"
        self.verdicts = []

    def requests(self):
        """The complete requests that must be forwarded: (method, target, host or None, body)."""
        for verdict in self.verdicts:
            words = verdict.split(b" ", 2)
            if words[0] in (b"partly", b"ends", b"waits", b"answer", b"refuse"):
                continue
            host, body = None, words[2] if len(words) > 2 else b""
            if body.startswith(b"@"):
                host, _, body = body[1:].partition(b" ")
            yield words[0], unescaped(words[1]), host, unescaped(body)

    def statuses(self):
        """The statuses that the client gets; the upstream answers 200 to everything."""
        for verdict in self.verdicts:
            words = verdict.split(b" ")
            if words[0] in (b"answer", b"refuse"):
                yield int(words[1])
            elif words[0] not in (b"partly", b"ends", b"waits"):
                yield 200

    def response(self):
        """The final (status, body) of a response, or None if there is no complete one."""
        last = self.verdicts[-1].split(b" ", 1)
        if not last[0].isdigit():
            return None
        return int(last[0]), unescaped(last[1]) if len(last) > 1 else b""


def read_corpus(folder):
    cases = []
    for file in sorted(folder.glob("*.txt")):
        for line in file.read_bytes().split(b"\n"):
            if line.startswith(b"#") or not line:
                continue
            if line.startswith(b"case: "):
                cases.append(Case(file.stem, line[6:].decode()))
            elif line.startswith(b"to: "):
                cases[-1].method = line[4:].decode()
            elif line.startswith(b"=> "):
                cases[-1].verdicts.append(line[3:])
            else:
                cases[-1].data += unescaped(line)
    if not cases:
        sys.exit(f"there is no corpus in {folder}")
    return cases


# How the other parsers read messages.


def requests_by_h11(data):
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
    connection.receive_data(data)
    connection.receive_data(b"")
    found = []
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            return found, f"h11: {error}"
        if isinstance(event, h11.Request):
            hosts = [value for name, value in event.headers if name == b"host"]
            current = [event.method, event.target, hosts[0] if len(hosts) == 1 else hosts, b""]
        elif isinstance(event, h11.Data):
            current[3] += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            found.append(tuple(current))
            connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return found, None
            connection.start_next_cycle()
        else:
            return found, None


class TornadoRequest(httputil.HTTPMessageDelegate):
    def __init__(self, connection, found):
        self.connection, self.found = connection, found

    def headers_received(self, start_line, headers):
        self.line, self.hosts, self.body = start_line, headers.get_list("Host"), b""

    def data_received(self, chunk):
        self.body += chunk

    def finish(self):
        host = self.hosts[0].encode("latin-1") if len(self.hosts) == 1 else self.hosts
        self.found.append((self.line.method.encode(), self.line.path.encode("latin-1"), host, self.body))
        headers = httputil.HTTPHeaders({"Content-Length": "0"})
        self.connection.write_headers(httputil.ResponseStartLine("HTTP/1.1", 200, "OK"), headers)
        self.connection.finish()


class TornadoServer(httputil.HTTPServerConnectionDelegate):
    def __init__(self):
        self.found, self.ended = [], asyncio.Event()

    def start_request(self, server_connection, request_connection):
        return TornadoRequest(request_connection, self.found)

    def on_close(self, server_connection):
        self.ended.set()


def with_stream(data, body):
    """Runs `body` on a Tornado stream that delivers these bytes and then ends."""

    async def run():
        ours, theirs = socket.socketpair()
        stream = iostream.IOStream(ours, max_buffer_size=64 << 20)

        def feed():
            try:
                theirs.sendall(data)
                theirs.shutdown(socket.SHUT_WR)
                while theirs.recv(65536):
                    pass
            except OSError:
                pass
            theirs.close()

        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            return await asyncio.wait_for(body(stream), PATIENCE)
        finally:
            stream.close()
            feeder.join()

    return asyncio.run(run())


PARAMETERS = http1connection.HTTP1ConnectionParameters(max_header_size=HEAD_BYTES)


def requests_by_tornado(data):
    async def serve(stream):
        delegate = TornadoServer()
        http1connection.HTTP1ServerConnection(stream, PARAMETERS).start_serving(delegate)
        await delegate.ended.wait()
        return delegate.found, None

    return with_stream(data, serve)


def response_by_h11(data, method):
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", HOST)]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    status, body = None, b""
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return None
        if isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return status, body
        elif not isinstance(event, h11.InformationalResponse):
            return None


class TornadoResponse(httputil.HTTPMessageDelegate):
    def __init__(self):
        self.status, self.body, self.is_whole = None, b"", False

    def headers_received(self, start_line, headers):
        self.status = start_line.code

    def data_received(self, chunk):
        self.body += chunk

    def finish(self):
        self.is_whole = True


def response_by_tornado(data, method):
    async def ask(stream):
        delegate = TornadoResponse()
        connection = http1connection.HTTP1Connection(stream, True, PARAMETERS)
        headers = httputil.HTTPHeaders({"Host": HOST})
        connection.write_headers(httputil.RequestStartLine(method, "/", "HTTP/1.1"), headers)
        connection.finish()
        try:
            await connection.read_response(delegate)
        except iostream.StreamClosedError:
            return None
        return (delegate.status, delegate.body) if delegate.is_whole else None

    return with_stream(data, ask)


# The clients and servers around the edge.


class Upstream:
    """Accepts one connection per request and records its bytes; answers with `answer(bytes so far)`."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.lock = threading.Condition()
        self.received, self.open = [], 0
        self.answer = None
        threading.Thread(target=self.accept, daemon=True).start()

    def begin(self, answer):
        with self.lock:
            self.received, self.answer = [], answer

    def finish(self):
        """All received bytes, by connection, once the edge has closed every connection."""
        with self.lock:
            if not self.lock.wait_for(lambda: self.open == 0, PATIENCE):
                sys.exit("the edge keeps its connections to the upstream")
            return [bytes(data) for data in self.received]

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            data = bytearray()
            with self.lock:
                self.open += 1
                self.received.append(data)
                answer = self.answer
            threading.Thread(target=self.serve, args=(connection, data, answer), daemon=True).start()

    def serve(self, connection, data, answer):
        try:
            connection.settimeout(PATIENCE)
            while piece := connection.recv(65536):
                with self.lock:
                    data += piece
                reply = answer(bytes(data))
                if reply is not None:
                    connection.sendall(reply)
                    connection.shutdown(socket.SHUT_WR)
                    answer = lambda _: None
        except OSError:
            pass
        connection.close()
        with self.lock:
            self.open -= 1
            self.lock.notify_all()


def talk(address, context, data, is_answered):
    """Sends bytes to the edge and returns everything received until the end, or until `is_answered` is true."""
    came = b""
    with socket.create_connection(address, PATIENCE) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(plain, server_hostname=HOST) as connection:
            try:
                connection.sendall(data)
                while not is_answered(came) and (piece := connection.recv(65536)):
                    came += piece
            except (ssl.SSLError, ConnectionError):
                # The connection was cut; the data received so far is complete.
                pass
    return came


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def final_statuses(came):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([1-5]\d\d) ", came) if status[0:1] != b"1"]


def answer_whole_request(data):
    found, _ = requests_by_h11(data)
    if not found:
        return None
    return OK if found[0][0] != b"HEAD" else OK[:-2]


def check_request(case, address, context, upstream):
    expected, statuses = list(case.requests()), list(case.statuses())
    upstream.begin(answer_whole_request)
    came = talk(address, context, case.data, lambda came: len(final_statuses(came)) >= len(statuses))
    forwarded = upstream.finish()
    complaints = []
    if final_statuses(came) != statuses:
        complaints.append(f"the client was answered {final_statuses(came)}, not {statuses}")
    readings = {}
    for name, read in (("h11", requests_by_h11), ("tornado", requests_by_tornado)):
        # Each connection by itself, and then those with complete requests as one stream.
        each = [read(data)[0] for data in forwarded]
        if any(len(found) > 1 for found in each):
            complaints.append(f"{name} finds several requests on one connection")
        readings[name], error = read(b"".join(data for data, found in zip(forwarded, each) if found))
        if error:
            complaints.append(error)
    for name, found in readings.items():
        seen = [(m, t, h if e[2] else None, b) for (m, t, h, b), e in zip(found, expected)]
        if len(found) != len(expected) or seen != expected:
            complaints.append(f"{name} reads {found}, not {expected}")
    return complaints


def check_response(case, address, context, upstream):
    def reply(data):
        if b"\r\n\r\n" not in data:
            return None
        return OK if data.startswith(b"GET /after ") else case.data

    upstream.begin(reply)
    head = f"{case.method} /case HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
    came = talk(address, context, head, lambda _: False)
    after = talk(address, context, head.replace(case.method.encode() + b" /case", b"GET /after"), lambda _: False)
    upstream.finish()
    complaints = []
    if not after.endswith(b"\r\n\r\nok"):
        complaints.append(f"the next request was answered {after[:200]}")
    expected = case.response()
    is_refused = case.verdicts[-1].startswith(b"refuse ")
    informs = sum(verdict.startswith(b"inform ") for verdict in case.verdicts)
    for name, read in (("h11", response_by_h11), ("tornado", response_by_tornado)):
        # It does not accept so many informational responses.
        if name == "tornado" and informs > 10:
            continue
        found = read(came, case.method)
        if is_refused:
            found, wanted = found and found[0], int(case.verdicts[-1].split()[1])
        else:
            wanted = expected
        if found != wanted:
            complaints.append(f"{name} reads {found}, not {wanted}, in {came[:200]}")
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--edge", required=True, metavar="PORT", type=int)
    parser.add_argument("--upstream", required=True, metavar="PORT", type=int)
    parser.add_argument("--ca", required=True)
    arguments = parser.parse_args()
    upstream = Upstream(arguments.upstream)
    context = ssl.create_default_context(cafile=arguments.ca)
    address = ("127.0.0.1", arguments.edge)
    count = failed = 0
    for kind, check in (("requests", check_request), ("responses", check_response)):
        for case in read_corpus(arguments.corpus / kind):
            count += 1
            complaints = check(case, address, context, upstream)
            failed += bool(complaints)
            for complaint in complaints:
                print(f"{kind}: {case.name}: {complaint}"[:1000])
    print(f"{count} cases, read alike by the edge, h11 and Tornado: {count - failed}")
    sys.exit(1 if failed else 0)


main()
