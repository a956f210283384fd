//! [`Cause`]: what the libraries underneath say, without what the receiver said to them.

use std::error::Error;
use std::fmt;

const MAX_CAUSES: usize = 16;

/// The texts of an error and its causes, outermost first.
///
/// HTTP/2 lets a receiver end a connection with any text, and the error then shows it, in quotes.
/// Receivers have been seen to repeat credentials, so a text with a quote in it is left out, unless it
/// is of TLS, which shows names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cause(String);

impl Cause {
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut next = Some(error);
        for _ in 0..MAX_CAUSES {
            let Some(error) = next else { break };
            let text = error.to_string();
            // Many repeat the text of their cause.
            let is_new = texts.last().is_none_or(|last| !last.ends_with(&text));
            if is_new && (is_tls(error) || !text.contains(['"', '{'])) {
                texts.push(text);
            }
            next = error.source();
        }
        Self(texts.join(": "))
    }
}

/// Whether it is of rustls, also where it hides in an error of I/O.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let hidden = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>()
        || hidden.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "the connection failed" } else { &self.0 })
    }
}

impl Error for Cause {}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<dyn Error>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref()
        }
    }

    #[test]
    fn texts_without_quotations() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let outer = Layer("client error", Some(Box::new(Layer("tcp", Some(refused.into())))));
        assert_eq!(Cause::of(&outer).to_string(), "client error: tcp: connection refused");

        let goaway = Layer("connection error received: no (b\"canary\")", None);
        let outer = Layer("http2 error", Some(Box::new(goaway)));
        assert_eq!(Cause::of(&outer).to_string(), "http2 error");
        let alone = Layer("\"canary\"", None);
        assert_eq!(Cause::of(&alone).to_string(), "the connection failed");

        let tls = rustls::Error::General("not \"this\"".to_owned());
        let text = Cause::of(&io::Error::other(tls.clone())).to_string();
        assert!(text.contains("not \"this\""), "{text}");
        let twice = Layer("not it", Some(Box::new(Layer("not it", None))));
        assert_eq!(Cause::of(&twice).to_string(), "not it");
        assert!(Cause::of(&tls).to_string().contains("this"));
    }
}
