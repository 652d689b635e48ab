"""A visitor without a browser: Streamlit's own protocol over a websocket, every byte that was sent kept."""

from __future__ import annotations

import asyncio
import http.client
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import websockets
from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

LARGEST = 200_000_000
PATIENCE = 300.0
"""Seconds that one run may take while many sessions run."""


@dataclass
class Visitor:
    """One session.

    received: all bytes that the server sent. widgets: label -> id. told: what the last run put into messages
    (errors, warnings, notes), as it reads. crashed: exceptions that reached the page. kinds: of all messages, in order.
    """

    url: str
    socket: websockets.ClientConnection
    query: str = ""
    page: str = ""
    session: str = ""
    received: bytearray = field(default_factory=bytearray)
    widgets: dict[str, str] = field(default_factory=dict)
    states: dict[str, WidgetState] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    async def run(self, *changed: WidgetState) -> bytes:
        """One run of the script with these inputs changed; the bytes that it sent."""
        asked = BackMsg()
        asked.rerun_script.query_string = self.query
        asked.rerun_script.page_name = self.page
        for state in changed:
            self.states[state.id] = state
        asked.rerun_script.widget_states.widgets.extend(self.states.values())
        for state in changed:
            if state.WhichOneof("value") == "trigger_value":
                del self.states[state.id]
        self.told.clear()
        self.texts.clear()
        await self.socket.send(asked.SerializeToString())
        return await self._finished()

    async def open(self, page: str) -> bytes:
        """Go to another page, as a click in the navigation does."""
        self.page = page
        self.states.clear()
        return await self.run()

    async def upload(self, label: str, name: str, content: bytes, cookie: str) -> bytes:
        """Give a file to the uploader of that label, as the browser does: ask for an address, put, run."""
        asked = BackMsg()
        asked.file_urls_request.request_id = "upload"
        asked.file_urls_request.session_id = self.session
        asked.file_urls_request.file_names.append(name)
        await self.socket.send(asked.SerializeToString())
        answer = (await self._next("file_urls_response")).file_urls_response.file_urls[0]
        status = await asyncio.to_thread(put, self.url, answer.upload_url, name, content, cookie)
        assert status < 300, f"the upload was refused with {status}"
        return await self.run(uploaded(self.widgets[label], answer, name, len(content)))

    async def _finished(self) -> bytes:
        start = len(self.received)
        while True:
            message = await self._next("script_finished")
            if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return bytes(self.received[start:])

    async def _next(self, kind: str) -> ForwardMsg:
        while True:
            sent = await asyncio.wait_for(self.socket.recv(), PATIENCE)
            assert isinstance(sent, bytes)
            self.received += sent
            message = ForwardMsg.FromString(sent)
            self.kinds.append(message.WhichOneof("type") or "")
            if message.WhichOneof("type") == "new_session":
                self.session = message.new_session.initialize.session_id or self.session
            elif message.WhichOneof("type") == "delta":
                self._learn(message.delta.new_element)
                box = message.delta.add_block.expandable
                if box.id:
                    self.widgets[box.label] = box.id
            if message.WhichOneof("type") == kind:
                return message

    def _learn(self, element: Message) -> None:
        kind = element.WhichOneof("type") or "empty"
        drawn = getattr(element, kind)
        if hasattr(drawn, "id") and hasattr(drawn, "label"):
            self.widgets[drawn.label] = drawn.id
        if hasattr(drawn, "body"):
            self.texts.append(_read(drawn.body))
        if kind == "alert":
            self.told.append(_read(drawn.body))
        if kind == "exception":
            self.crashed.append(drawn.message)


async def visitor(url: str, page: str = "", **query: str) -> Visitor:
    """Connect and let the first run finish."""
    address = urlsplit(url)
    socket = await websockets.connect(
        f"ws://{address.netloc}/_stcore/stream",
        subprotocols=[websockets.Subprotocol("streamlit")],
        max_size=LARGEST,
        open_timeout=PATIENCE,
        ping_interval=None,
        origin=websockets.Origin(url),
    )
    one = Visitor(url, socket, urlencode(query), page)
    await one.run()
    return one


def pressed(button: str) -> WidgetState:
    """A click on the button of that id."""
    return WidgetState(id=button, trigger_value=True)


def unfolded(box: str) -> WidgetState:
    """The expander of that id, open: what is in it is drawn only then."""
    return WidgetState(id=box, bool_value=True)


def typed(field_id: str, text: str) -> WidgetState:
    """Text in the field of that id."""
    return WidgetState(id=field_id, string_value=text)


def uploaded(uploader: str, address: Message, name: str, size: int) -> WidgetState:
    """A file in the uploader of that id."""
    state = WidgetState(id=uploader)
    file = state.file_uploader_state_value.uploaded_file_info.add()
    file.file_id, file.name, file.size = address.file_id, name, size
    file.file_urls.CopyFrom(address)
    return state


def guard_cookie(url: str) -> str:
    """The cookie against forged requests that the server gives to every browser."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    connection.request("GET", "/_stcore/health")
    given = connection.getresponse().getheader("Set-Cookie") or ""
    connection.close()
    found = re.search(r"_streamlit_xsrf=([^;]+)", given)
    assert found, "the server gave no cookie against forged requests"
    return found.group(1).strip('"')


def _read(markdown: str) -> str:
    """Markdown as it reads: no backslashes before marks, no invisible joiners."""
    return re.sub(r"\\(\W)", r"\1", markdown).replace("\u2060", "")


def put(url: str, path: str, name: str, content: bytes, cookie: str) -> int:
    """The status with which the server takes or refuses an uploaded file."""
    edge = "evenhand-upload"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={edge}",
        "Cookie": f"_streamlit_xsrf={cookie}",
        "X-Xsrftoken": cookie,
    }
    connection.request("PUT", path, head.encode() + content + f"\r\n--{edge}--\r\n".encode(), headers)
    status = connection.getresponse().status
    connection.close()
    return status
