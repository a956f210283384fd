//! How two answers are compared.

use std::fmt;
use std::marker::PhantomData;

use crate::ship::experiment::difference::{Difference, DifferenceKind};

/// What is kept of an answer for the comparison.
pub trait Cleans: Send + 'static {
    /// What is compared: an answer as far as it is to be the same.
    type Clean: Send + 'static;
}

/// Compares the answers of a trial of this input and answer.
pub trait Judge<I, T>: Cleans {
    /// On the thread of whoever asked, for the side that answers.
    fn clean(&self, answer: &T) -> Self::Clean;

    /// For the other side, whose answer nobody else needs.
    fn clean_own(&self, answer: T) -> Self::Clean {
        self.clean(&answer)
    }

    fn judge(&self, input: &I, control: &Self::Clean, candidate: &Self::Clean) -> Verdict;
}

/// What a comparison says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Same,
    Different(Vec<Difference>),
    /// Different, and that is all right.
    Ignored(Vec<Difference>),
    NotComparable,
}

impl Verdict {
    pub(crate) fn of(same: bool) -> Self {
        if same { Self::Same } else { Self::different_by(DifferenceKind::Value, ("", "")) }
    }

    fn different_by(kind: DifferenceKind, types: (&'static str, &'static str)) -> Self {
        Self::Different(vec![Difference::whole(kind, types)])
    }
}

/// Judges are parts of a trial, and say no more than that.
macro_rules! debug {
    ($($judge:ident<$($parameter:ident),*>;)*) => {
        $(impl<$($parameter),*> fmt::Debug for $judge<$($parameter),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($judge))
            }
        })*
    };
}

debug! {
    Equal<T>;
    Closures<T, C, S>;
    Results<V, E, D>;
    Ignoring<J, G>;
}

/// By `==`.
pub struct Equal<T>(PhantomData<fn(T) -> T>);

impl<T> Equal<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Send + 'static> Cleans for Equal<T> {
    type Clean = T;
}

impl<I, T: PartialEq + Clone + Send + 'static> Judge<I, T> for Equal<T> {
    fn clean(&self, answer: &T) -> T {
        answer.clone()
    }

    fn clean_own(&self, answer: T) -> T {
        answer
    }

    fn judge(&self, _: &I, control: &T, candidate: &T) -> Verdict {
        Verdict::of(control == candidate)
    }
}

/// By closures of the user's.
pub struct Closures<T, C, S> {
    pub(crate) clean: fn(&T) -> C,
    pub(crate) same: S,
}

impl<T: 'static, C: Send + 'static, S: Send + 'static> Cleans for Closures<T, C, S> {
    type Clean = C;
}

impl<I, T, C, S> Judge<I, T> for Closures<T, C, S>
where
    T: 'static,
    C: Send + 'static,
    S: Fn(&C, &C) -> bool + Send + 'static,
{
    fn clean(&self, answer: &T) -> C {
        (self.clean)(answer)
    }

    fn judge(&self, _: &I, control: &C, candidate: &C) -> Verdict {
        Verdict::of((self.same)(control, candidate))
    }
}

/// `Ok` by `==`, `Err` by what is made of the errors.
pub struct Results<V, E, D> {
    pub(crate) describe: fn(&E) -> D,
    pub(crate) value: PhantomData<fn(V) -> V>,
}

impl<V: Send + 'static, E: 'static, D: Send + 'static> Cleans for Results<V, E, D> {
    type Clean = Result<V, D>;
}

impl<I, V, E, D> Judge<I, Result<V, E>> for Results<V, E, D>
where
    V: PartialEq + Clone + Send + 'static,
    E: 'static,
    D: PartialEq + Send + 'static,
{
    fn clean(&self, answer: &Result<V, E>) -> Result<V, D> {
        match answer {
            Ok(value) => Ok(value.clone()),
            Err(error) => Err((self.describe)(error)),
        }
    }

    fn judge(&self, _: &I, control: &Result<V, D>, candidate: &Result<V, D>) -> Verdict {
        match (control, candidate) {
            (Ok(control), Ok(candidate)) => Verdict::of(control == candidate),
            (Err(control), Err(candidate)) if control == candidate => Verdict::Same,
            (Err(_), Err(_)) => Verdict::different_by(DifferenceKind::Value, ("error", "error")),
            (Ok(_), Err(_)) => Verdict::different_by(DifferenceKind::Type, ("ok", "error")),
            (Err(_), Ok(_)) => Verdict::different_by(DifferenceKind::Type, ("error", "ok")),
        }
    }
}

/// As another judge, but some mismatches are all right.
pub struct Ignoring<J, G> {
    pub(crate) inner: J,
    pub(crate) ignore: G,
}

impl<J: Cleans, G: Send + 'static> Cleans for Ignoring<J, G> {
    type Clean = J::Clean;
}

impl<I, T, J, G> Judge<I, T> for Ignoring<J, G>
where
    J: Judge<I, T>,
    G: Fn(&I, &J::Clean, &J::Clean) -> bool + Send + 'static,
{
    fn clean(&self, answer: &T) -> J::Clean {
        self.inner.clean(answer)
    }

    fn clean_own(&self, answer: T) -> J::Clean {
        self.inner.clean_own(answer)
    }

    fn judge(&self, input: &I, control: &J::Clean, candidate: &J::Clean) -> Verdict {
        match self.inner.judge(input, control, candidate) {
            Verdict::Different(found) if (self.ignore)(input, control, candidate) => {
                Verdict::Ignored(found)
            }
            verdict => verdict,
        }
    }
}
