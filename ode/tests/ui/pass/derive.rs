//! Types the derive takes.
#![deny(warnings)]

use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::time::Duration;

use ode::EventFields;

#[derive(EventFields)]
#[event(prefix = "chunk", rename_all = "camelCase")]
struct Chunk<'a, T, const N: usize>
where
    T: Clone,
{
    row_count: u64,
    name: &'a str,
    path: Cow<'a, str>,
    took: Duration,
    value: T,
    maybe: Option<T>,
    shared: Arc<str>,
    #[event(display)]
    shown: Shown<T>,
    #[event(debug)]
    list: [u8; N],
    r#type: Kind,
    note: Option<String>,
    #[event(rename = "file")]
    handle: u32,
    #[event(sensitive = "hash")]
    owner_email: String,
    #[event(sensitive = "mask", debug)]
    card: Vec<u8>,
    #[event(nested)]
    codec: Codec,
    #[event(nested, rename = "other")]
    optional: Option<Codec>,
    #[event(flatten)]
    rest: Rest<T>,
}

#[derive(Clone, Copy)]
struct Shown<T>(T);

impl<T: Display> Display for Shown<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Display::fmt(&self.0, f)
    }
}

#[derive(EventFields)]
struct Codec {
    name: &'static str,
    level: u8,
}

#[derive(EventFields)]
struct Rest<T> {
    rest: T,
}

#[derive(EventFields, Clone, Copy)]
#[event(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    Int64,
    #[event(rename = "text")]
    VarString,
}

#[derive(EventFields)]
struct Empty {}

#[derive(EventFields)]
struct Unit;

#[derive(EventFields)]
struct Recursive<'a, T> {
    id: T,
    #[event(nested)]
    parent: Option<&'a Recursive<'a, T>>,
}

#[derive(EventFields)]
struct Borrowed<'a, T: ?Sized + Debug> {
    #[event(debug)]
    value: &'a T,
}

fn main() {
    let chunk = Chunk {
        row_count: 1,
        name: "n",
        path: Cow::Borrowed("p"),
        took: Duration::ZERO,
        value: 1_u8,
        maybe: None,
        shared: Arc::from("s"),
        shown: Shown(1),
        list: [1, 2],
        r#type: Kind::Int64,
        note: None,
        handle: 1,
        owner_email: String::new(),
        card: vec![1],
        codec: Codec {
            name: "lz4",
            level: 1,
        },
        optional: None,
        rest: Rest { rest: 1 },
    };
    ode::fields(&chunk);
    ode::fields(&Empty {});
    ode::fields(&Unit);
    ode::fields(&Recursive {
        id: 1,
        parent: None,
    });
    ode::fields(&Borrowed { value: "unsized" });
    ode::set! { kind = Kind::VarString };
}
