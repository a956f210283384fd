//! A client that writes what it is told and reads what comes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::site::LONG;

/// A connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// A response with its body.
    pub(crate) fn response(&mut self) -> Response {
        let mut response = self.head();
        let length = response.header("content-length").map(|length| length.parse().unwrap());
        if response.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk() {
                response.body.push_str(&chunk);
            }
        } else {
            let mut bytes = vec![0; length.unwrap_or(0)];
            self.stream.read_exact(&mut bytes).unwrap();
            response.body = String::from_utf8(bytes).unwrap();
        }
        response
    }

    /// A response as far as its head goes.
    pub(crate) fn head(&mut self) -> Response {
        let line = self.line();
        let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("no status: {line:?}"));
        let mut response =
            Response { status: status.parse().unwrap(), headers: Vec::new(), body: String::new() };
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else { break };
            response.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        response
    }

    /// One chunk of a body; `None` at its end.
    pub(crate) fn chunk(&mut self) -> Option<String> {
        let size = usize::from_str_radix(&self.line(), 16).unwrap();
        let mut bytes = vec![0; size];
        self.stream.read_exact(&mut bytes).unwrap();
        self.line();
        (size > 0).then(|| String::from_utf8(bytes).unwrap())
    }

    /// Whether the server has ended the connection without another byte.
    pub(crate) fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0) | Err(_))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}
