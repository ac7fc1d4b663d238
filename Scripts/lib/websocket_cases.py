"""Runs Autobahn's WebSocket cases against an echo server, and against the same server through the edge.

The edge forwards frames unchanged, so both verdicts of every case must be the same. Needs the Python packages kosoku
and tornado.
"""

import argparse
import asyncio
import ssl
import sys

from kosoku import FailureError, run_fuzzingclient
from tornado import httpserver, web, websocket

# How many cases run at once.
CONCURRENCY = 4
# Bytes of one message: the largest case sends 16 MiB.
MESSAGE_BYTES = 64 << 20


class Echo(websocket.WebSocketHandler):
    def check_origin(self, origin):
        return True

    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


async def carry(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        # TLS here has no half-close.
        if writer.can_write_eof():
            writer.write_eof()
    except (ConnectionError, ssl.SSLError):
        writer.close()


def relay(port, context, host):
    """Relays the cases, which are sent without TLS and to an address; the edge needs TLS and its hostname."""

    async def serve(reader, writer):
        there, back = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=host)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = [
            b"Host: " + host.encode() if line.lower().startswith(b"host:") else line for line in head.split(b"\r\n")
        ]
        back.write(b"\r\n".join(lines))
        try:
            await asyncio.gather(carry(reader, back), carry(there, writer))
        except asyncio.CancelledError:
            # All cases have their verdicts; only this connection was left open.
            return
        writer.close()
        back.close()

    return asyncio.start_server(serve, "127.0.0.1", 0)


async def verdicts(port):
    try:
        results = await run_fuzzingclient(f"ws://127.0.0.1:{port}/", None, None, concurrency=CONCURRENCY)
    except FailureError as failure:
        results = failure.results
    return {result.case_id: (result.behavior.value, result.behavior_close.value) for result in results}


async def run():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--edge", required=True, metavar="PORT", type=int)
    parser.add_argument("--upstream", required=True, metavar="PORT", type=int)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--host", required=True)
    arguments = parser.parse_args()
    echo = httpserver.HTTPServer(web.Application([("/.*", Echo)], websocket_max_message_size=MESSAGE_BYTES))
    echo.listen(arguments.upstream, "127.0.0.1")
    context = ssl.create_default_context(cafile=arguments.ca)
    relayed = await relay(arguments.edge, context, arguments.host)
    direct = await verdicts(arguments.upstream)
    through = await verdicts(relayed.sockets[0].getsockname()[1])
    different = [case for case in sorted(direct.keys() | through.keys()) if direct.get(case) != through.get(case)]
    for case in different:
        print(f"case {case}: {direct.get(case)} directly, {through.get(case)} through the edge")
    print(f"{len(direct)} WebSocket cases, the same verdict directly and through the edge: {len(direct) - len(different)}")
    return 1 if different or len(direct) < 200 else 0


sys.exit(asyncio.run(run()))
