//! Why a line could not be read.

use std::error::Error;
use std::fmt::{self, Display};
use std::io;

/// A line that is no event, or input that could not be read.
///
/// It says which line, what is wrong with it and what to do. Reading goes on with the next line,
/// unless the input itself failed.
///
/// ```
/// let error = ode_exporters::jsonl::parse_line(r#"{"name":"cart.che"#).unwrap_err();
/// assert!(error.is_torn());
/// assert!(error.to_string().starts_with("line 1 ends in the middle of an event"));
/// ```
#[derive(Debug)]
pub struct ReadError {
    pub(crate) line: u64,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Io(io::Error),
    /// It ends inside the object.
    Torn {
        column: usize,
    },
    TooLong {
        limit: usize,
    },
    Syntax {
        column: usize,
        message: String,
    },
    NotAnObject,
    /// An object, but no event: a fragment that reads after "line 7 …", with its advice.
    Content(String),
}

impl ReadError {
    /// The number of the line, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Where in the line, in bytes from 1, if that is known.
    pub fn column(&self) -> Option<usize> {
        match self.kind {
            Kind::Torn { column } | Kind::Syntax { column, .. } => Some(column),
            _ => None,
        }
    }

    /// Whether the line ends in the middle of an event, as a crash or a full disk leaves it.
    pub fn is_torn(&self) -> bool {
        matches!(self.kind, Kind::Torn { .. })
    }

    /// Whether the input could not be read; nothing follows such an error.
    pub fn is_io(&self) -> bool {
        matches!(self.kind, Kind::Io(_))
    }
}

impl Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line;
        match &self.kind {
            Kind::Io(_) => write!(f, "the input could not be read any further, at line {line}"),
            Kind::Torn { column } => write!(
                f,
                "line {line} ends in the middle of an event, at column {column}; its writer was cut \
                 short, so skip it: a writer that lived on wrote the event again"
            ),
            Kind::TooLong { limit } => write!(
                f,
                "line {line} is longer than {limit} bytes; if it is meant to be, raise \
                 `max_line_bytes`"
            ),
            Kind::Syntax { column, message } => {
                write!(
                    f,
                    "line {line} is not JSON, at column {column}: {message}; correct or skip it"
                )
            }
            Kind::NotAnObject => {
                write!(f, "line {line} is not a JSON object; an event is one object on one line")
            }
            Kind::Content(message) => write!(f, "line {line} {message}"),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Io(error) => Some(error),
            _ => None,
        }
    }
}
