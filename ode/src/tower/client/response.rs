//! What is read from a response.

use ::http::Version;

/// A response that came back: `http::Response<B>`, and with feature `reqwest` also
/// `reqwest::Response`. Sealed: nobody else implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no response that `ode::tower::ClientLayer` knows",
    note = "it is for services that answer with `http::Response<B>`, or with `reqwest::Response` with feature `reqwest`"
)]
pub trait IncomingResponse: sealed::Sealed {
    #[doc(hidden)]
    fn status(&self) -> u16;

    #[doc(hidden)]
    fn version(&self) -> Version;
}

mod sealed {
    pub trait Sealed {}

    impl<B> Sealed for ::http::Response<B> {}
    #[cfg(feature = "reqwest")]
    impl Sealed for ::reqwest::Response {}
}

impl<B> IncomingResponse for ::http::Response<B> {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }

    fn version(&self) -> Version {
        self.version()
    }
}

#[cfg(feature = "reqwest")]
impl IncomingResponse for ::reqwest::Response {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }

    fn version(&self) -> Version {
        self.version()
    }
}

/// `network.protocol.version`.
pub(super) fn version_text(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// Statuses that a client takes for errors, as the text of `error.type`: from 400.
pub(super) fn error_of_status(status: u16) -> Option<&'static str> {
    let at = usize::from(status.checked_sub(FIRST)?);
    // Beyond what HTTP allows there is no text.
    Some(TEXTS.get(at).and_then(|digits| str::from_utf8(digits).ok()).unwrap_or("_OTHER"))
}

const FIRST: u16 = 400;

/// `400` to `999`, so that no text is made when a response comes.
static TEXTS: [[u8; 3]; 600] = {
    let mut texts = [*b"400"; 600];
    let mut rest: &mut [[u8; 3]] = &mut texts;
    let mut status = FIRST;
    while let Some((first, others)) = rest.split_first_mut() {
        *first = [digit(status / 100), digit(status / 10 % 10), digit(status % 10)];
        rest = others;
        status += 1;
    }
    texts
};

const fn digit(number: u16) -> u8 {
    b'0' + number.to_be_bytes()[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_400_a_status_is_an_error_for_the_client() {
        for fine in [100, 101, 200, 204, 301, 304, 399] {
            assert_eq!(error_of_status(fine), None, "{fine}");
        }
        for status in 400..=999_u16 {
            assert_eq!(error_of_status(status), Some(status.to_string().as_str()));
        }
        assert_eq!(error_of_status(1_000), Some("_OTHER"));
    }
}
