//! How requests travel: [`Protocol`], [`Compression`].

/// How requests are written and carried.
#[expect(clippy::exhaustive_enums, reason = "for the set-up of the `ode` crate")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Protobuf over HTTP, which is what the specification wants when nothing is said.
    #[default]
    HttpProtobuf,
    /// JSON over HTTP.
    HttpJson,
    /// gRPC.
    Grpc,
}

impl Protocol {
    /// The word of `OTEL_EXPORTER_OTLP_PROTOCOL`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HttpProtobuf => "http/protobuf",
            Self::HttpJson => "http/json",
            Self::Grpc => "grpc",
        }
    }

    pub(crate) fn of(word: &str) -> Option<Self> {
        let all = [Self::HttpProtobuf, Self::HttpJson, Self::Grpc];
        all.into_iter().find(|protocol| word.eq_ignore_ascii_case(protocol.as_str()))
    }

    /// The feature of this crate that it needs.
    pub fn feature(self) -> &'static str {
        match self {
            Self::HttpProtobuf | Self::HttpJson => "otlp-http",
            Self::Grpc => "otlp-grpc",
        }
    }

    /// Whether that feature is on.
    pub fn is_available(self) -> bool {
        match self {
            Self::HttpProtobuf | Self::HttpJson => cfg!(feature = "otlp-http"),
            Self::Grpc => cfg!(feature = "otlp-grpc"),
        }
    }
}

/// Whether requests are compressed, and how. What each costs is in the guide, under "send to …".
///
/// ```
/// use ode_exporters::otlp::Compression;
/// assert_eq!(Compression::default(), Compression::None);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As they are: the cheapest, and right within one machine or one data centre.
    #[default]
    None,
    /// What every receiver has to understand, at level 1.
    Gzip,
    /// Smaller and several times cheaper than gzip, where the receiver understands it.
    #[cfg(feature = "otlp-zstd")]
    Zstd,
}

impl Compression {
    /// The word of `content-encoding`.
    pub(crate) fn encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            #[cfg(feature = "otlp-zstd")]
            Self::Zstd => Some("zstd"),
        }
    }

    pub(crate) fn of(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "none" => Some(Self::None),
            "gzip" => Some(Self::Gzip),
            #[cfg(feature = "otlp-zstd")]
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_of_any_case() {
        assert_eq!(Protocol::of("HTTP/Protobuf"), Some(Protocol::HttpProtobuf));
        assert_eq!(Protocol::of("http/json"), Some(Protocol::HttpJson));
        assert_eq!(Protocol::of("gRPC"), Some(Protocol::Grpc));
        assert_eq!(Protocol::of("http"), None);
        assert_eq!(Compression::of("GZip"), Some(Compression::Gzip));
        assert_eq!(Compression::of("None"), Some(Compression::None));
        assert_eq!(Compression::of("deflate"), None);
    }
}
