"""As much of HTTP/2 as it takes to look at every frame of a connection and to add some."""

import struct
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 8, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 0x1, 0x4, 0x8, 0x20
MAX_FRAME = 2**24

# How the front names a stream to the server behind it.
STREAM_HEADER = "x-stream-of-the-front"


@dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes

    def encoded(self):
        length = len(self.payload)
        head = struct.pack(">BHBBI", length >> 16, length & 0xFFFF, self.kind, self.flags, self.stream)
        return head + self.payload

    def content(self):
        """The payload without padding and priority."""
        start, end = 0, len(self.payload)
        if self.flags & PADDED:
            start, end = 1, end - self.payload[0]
        if self.kind == HEADERS and self.flags & PRIORITY:
            start += 5
        return self.payload[start:end]

    @property
    def ends_stream(self):
        return self.kind in (DATA, HEADERS) and bool(self.flags & END_STREAM)


async def read_frame(reader):
    high, low, kind, flags, stream = struct.unpack(">BHBBI", await reader.readexactly(9))
    payload = await reader.readexactly(high << 16 | low)
    return Frame(kind, flags, stream & 0x7FFFFFFF, payload)


def plain_headers(stream, headers, end):
    """A frame of headers that leaves the tables of both ends alone: literals, never indexed."""
    block = b"".join(b"\x10" + text(name) + text(value) for name, value in headers)
    return Frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block)


def text(value):
    data = value if isinstance(value, bytes) else str(value).encode()
    return length(len(data)) + data


def length(number):
    """An integer with a prefix of 7 bits."""
    if number < 127:
        return bytes([number])
    encoded, number = bytearray([127]), number - 127
    while number >= 128:
        encoded.append(number % 128 | 128)
        number //= 128
    encoded.append(number)
    return bytes(encoded)


def header_frames(stream, block, end):
    """A block of headers in as many frames as the smallest permitted size takes."""
    parts = [block[at : at + 16384] for at in range(0, len(block), 16384)] or [b""]
    for number, part in enumerate(parts):
        kind = HEADERS if number == 0 else CONTINUATION
        flags = END_STREAM if end and number == 0 else 0
        if number == len(parts) - 1:
            flags |= END_HEADERS
        yield Frame(kind, flags, stream, part)
