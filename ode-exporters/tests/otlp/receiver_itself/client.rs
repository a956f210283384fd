//! A client of HTTP that says and hears everything itself.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::receiver::WATCHDOG;

pub(super) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    stream.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    stream
}

pub(super) fn post(content_type: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: OTel-OTLP-Exporter-Test/1.0\r\n\
         content-type: {content_type}\r\ncontent-length: {length}\r\nx-key: canary\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// The status and the rest of the head of one response, and its body.
pub(super) fn response(stream: &mut impl Read) -> Option<(u16, String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("text").to_lowercase();
    let status = head.split(' ').nth(1)?.parse().expect("a status");
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    stream.read_exact(&mut body).ok()?;
    Some((status, head, body))
}

pub(super) fn exchange(port: u16, request: &[u8]) -> Option<(u16, String, Vec<u8>)> {
    let mut stream = connect(port);
    stream.write_all(request).ok()?;
    response(&mut stream)
}
