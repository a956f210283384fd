//! Signatures whose bodies move into a closure.
#![deny(warnings)]

use std::collections::HashMap;
use std::fmt::Debug;
use std::io;

use ode::instrument_event;

struct Store<T> {
    rows: Vec<T>,
    names: HashMap<u64, String>,
}

impl<T: Debug + PartialOrd + Clone> Store<T> {
    #[instrument_event(fields(row.id = id, store.rows = self.rows.len()))]
    fn row(&mut self, id: usize) -> Option<&mut T> {
        self.rows.get_mut(id)
    }

    #[instrument_event]
    fn first_two(&mut self) -> Result<(&mut T, &mut T), String> {
        let [a, b, ..] = self.rows.as_mut_slice() else {
            return Err("too few".into());
        };
        Ok((a, b))
    }

    #[instrument_event]
    fn name_or_insert<'a>(&'a mut self, id: u64, name: &str) -> &'a mut String {
        let names = &mut self.names;
        names.entry(id).or_insert_with(|| name.to_owned())
    }

    #[instrument_event]
    fn longest<'a>(&'a self, other: &'a str) -> &'a str {
        self.names
            .values()
            .map(String::as_str)
            .max_by_key(|n| n.len())
            .unwrap_or(other)
    }

    #[instrument_event]
    fn iter(&self) -> impl Iterator<Item = &T> + '_ {
        self.rows.iter().filter(|row| *row >= row)
    }

    #[instrument_event(ok_fields(|_rows| done = true))]
    fn checked(&self, ok: bool) -> Result<impl Iterator<Item = T> + use<'_, T>, io::Error> {
        if !ok {
            Err(io::Error::other("no"))?;
        }
        Ok(self.rows.iter().cloned())
    }

    #[instrument_event]
    fn into_rows(mut self) -> Vec<T> {
        self.rows.truncate(1);
        self.rows
    }

    #[instrument_event]
    fn boxed(self: Box<Self>) -> Vec<T> {
        self.rows
    }

    #[instrument_event]
    pub(crate) fn dynamic(&self) -> Box<dyn Fn(usize) -> Option<T> + '_> {
        Box::new(|at| self.rows.get(at).cloned())
    }
}

trait Named {
    const NAME: &'static str;

    #[instrument_event(name = "named.by_default", fields(type.name = Self::NAME))]
    fn by_default(&self) -> &'static str {
        Self::NAME
    }

    fn required(&self) -> u8;
}

impl Named for u8 {
    const NAME: &'static str = "u8";

    #[instrument_event]
    fn required(&self) -> u8 {
        *self
    }
}

#[instrument_event(fields(first, rest.len = rest.len(), matrix.size = N))]
fn patterns<const N: usize>([first, rest @ ..]: [u8; 3], (a, mut b): (u8, u8), _: [u8; N]) -> u8 {
    b += 1;
    first + rest[0] + a + b
}

struct Point {
    x: u64,
    y: u64,
}

#[instrument_event(fields(x, point.y = y))]
fn destructured(Point { x, y }: Point) -> u64 {
    x + y
}

#[instrument_event]
fn callbacks(mut each: impl FnMut(u8), once: impl FnOnce() -> u8, always: &dyn Fn(u8)) -> u8 {
    each(1);
    always(2);
    once()
}

#[instrument_event(fields(n))]
fn recursive(n: u64) -> u64 {
    if n < 2 {
        n
    } else {
        recursive(n - 1) + recursive(n - 2)
    }
}

#[instrument_event]
fn inferred(text: &str) -> Result<Vec<u64>, Box<dyn std::error::Error + Send + Sync>> {
    let numbers = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
    Ok(numbers)
}

#[instrument_event]
fn coerced(text: &str) -> Result<Box<dyn Debug>, Box<dyn std::error::Error>> {
    if text.is_empty() {
        return Err("empty".into());
    }
    Ok(Box::new(text.len()))
}

#[instrument_event]
fn generic<T, E: Send>(result: Result<T, E>) -> Result<T, E>
where
    T: Clone,
{
    result
}

#[instrument_event]
fn diverges(stop: bool) -> u8 {
    #![allow(clippy::panic)]
    if stop {
        return 1;
    }
    panic!("on purpose")
}

#[instrument_event(fields(parsed = text.parse::<u8>()?))]
fn field_may_fail(text: &str) -> Result<(), std::num::ParseIntError> {
    Ok(())
}

#[instrument_event(skip_if = n == 0, fields(n), ok_fields(|v| v))]
fn skipped<'a>(n: u8, text: &'a mut String) -> &'a mut str {
    text.push('x');
    text
}

#[instrument_event(root, fields(r#type, column.type = r#type))]
fn r#match(r#type: u8) -> u8 {
    r#type
}

#[instrument_event]
unsafe fn dangerous(at: *const u8) -> bool {
    at.is_null()
}

/// Documented.
#[must_use]
#[inline(never)]
#[instrument_event(join)]
pub fn attributed() -> Option<()> {
    Some(())
}

fn main() {
    let mut store = Store {
        rows: vec![1, 2, 3],
        names: HashMap::new(),
    };
    assert_eq!(store.row(1), Some(&mut 2));
    assert!(store.first_two().is_ok());
    assert_eq!(store.name_or_insert(1, "a"), "a");
    assert_eq!(store.longest("b"), "a");
    assert_eq!(store.iter().count(), 3);
    assert_eq!(store.checked(true).map(Iterator::count).ok(), Some(3));
    assert!(store.checked(false).is_err());
    assert_eq!(store.dynamic()(0), Some(1));
    assert_eq!(store.into_rows(), [1]);
    assert_eq!(
        Box::new(Store {
            rows: vec![0],
            names: HashMap::new()
        })
        .boxed(),
        [0]
    );
    assert_eq!((1_u8.by_default(), 1.required()), ("u8", 1));
    assert_eq!(patterns([1, 2, 3], (1, 1), [0; 4]), 6);
    assert_eq!(destructured(Point { x: 1, y: 2 }), 3);
    let mut seen = 0;
    assert_eq!(callbacks(|n| seen += n, || 5, &|_| ()), 5);
    assert_eq!(recursive(10), 55);
    assert_eq!(inferred("1,2").ok(), Some(vec![1, 2]));
    assert!(coerced("").is_err());
    assert_eq!(generic::<_, ()>(Ok(1)), Ok(1));
    assert_eq!(diverges(true), 1);
    assert!(field_may_fail("1").is_ok());
    assert_eq!(skipped(0, &mut String::from("a")), "ax");
    assert_eq!(r#match(1), 1);
    assert!(unsafe { dangerous(std::ptr::null()) });
    assert_eq!(attributed(), Some(()));
}
