#!/usr/bin/python3
"""A client of the Container Runtime Interface for the tests: one call, then it ends.

    cri_client.py SOCKET CALL [REQUEST]    a call of cri.proto; REQUEST and the answer on stdout are JSON
    cri_client.py stream URL [SHOWN]       what Exec and Attach have given a URL for; stdin goes to the program, line by
                                           line, the next one when it has shown SHOWN (a regular expression) since the
                                           last; {"stdout", "stderr", "error"} as JSON when it has ended or has shown
                                           that for the last line

Exit status 1: the call was refused; stderr has the gRPC status: "NOT_FOUND: ...".
Needs python3-grpcio, python3-protobuf and python3-websocket, and cri_pb2.py, which protoc makes, in PYTHONPATH.
"""
import json
import re
import sys

# Longer than any call of the tests takes, shorter than the tests wait for this program.
DEADLINE = 25


def find_call(name):
    import cri_pb2

    for service in cri_pb2.DESCRIPTOR.services_by_name.values():
        if name in service.methods_by_name:
            return service.methods_by_name[name]
    sys.exit(f"{name} is not in cri.proto")


def call(socket, name, request="{}"):
    import grpc
    from google.protobuf import json_format
    from google.protobuf.message_factory import MessageFactory

    method = find_call(name)
    messages = MessageFactory()
    message = json_format.Parse(request, messages.GetPrototype(method.input_type)())
    with grpc.insecure_channel("unix://" + socket) as channel:
        function = channel.unary_unary(
            f"/{method.containing_service.full_name}/{name}",
            request_serializer=lambda sent: sent.SerializeToString(),
            response_deserializer=messages.GetPrototype(method.output_type).FromString,
        )
        try:
            answer = function(message, timeout=DEADLINE)
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")
    print(json_format.MessageToJson(answer, including_default_value_fields=True, preserving_proto_field_name=True))


class Stream:
    """Kubernetes' remote command protocol over a WebSocket: each message's first byte names its channel."""

    STDIN = b"\0"
    NAMES = {1: "stdout", 2: "stderr", 3: "error"}

    def __init__(self, url):
        import websocket

        self.closed = websocket.WebSocketConnectionClosedException
        self.socket = websocket.create_connection(
            url.replace("http://", "ws://", 1), subprotocols=["v4.channel.k8s.io"], timeout=DEADLINE
        )
        self.shown = {name: b"" for name in self.NAMES.values()}

    def send(self, line):
        self.socket.send_binary(self.STDIN + line)

    def receive(self):
        """False: it has ended."""
        try:
            message = self.socket.recv()
        except self.closed:
            return False
        if not message:
            return False
        self.shown[self.NAMES[message[0]]] += message[1:]
        return True

    def receive_until(self, pattern, start):
        while not re.search(pattern, self.shown["stdout"][start:]):
            if not self.receive():
                return


def stream(url, pattern=None):
    stream = Stream(url)
    for line in sys.stdin.buffer:
        start = len(stream.shown["stdout"])
        stream.send(line)
        if pattern:
            stream.receive_until(pattern.encode(), start)
    if not pattern:
        while stream.receive():
            pass
    print(json.dumps({name: shown.decode() for name, shown in stream.shown.items()}))


if len(sys.argv) < 3:
    sys.exit(__doc__)
if sys.argv[1] == "stream":
    stream(*sys.argv[2:])
else:
    call(*sys.argv[1:])
