//! [`Trial`]: one run of an experiment.

use std::fmt;
use std::marker::PhantomData;

use crate::ship::experiment::asking::{Asking, Choice, May};
use crate::ship::experiment::background::Side;
use crate::ship::experiment::experiment::Experiment;
use crate::ship::experiment::judge::{Cleans, Closures, Equal, Ignoring, Judge, Results};
use crate::ship::experiment::side::AsyncSide;
use crate::ship::stage::Stage;

/// One run of an [`Experiment`], on one input; made by [`Experiment::on`].
#[must_use = "a trial does nothing until `.run(control, candidate)`"]
pub struct Trial<'i, I> {
    experiment: &'static Experiment,
    input: &'i I,
    enabled: bool,
}

/// A [`Trial`] that says how answers are compared.
#[must_use = "a trial does nothing until `.run(control, candidate)`"]
pub struct ComparedTrial<'i, I, J> {
    trial: Trial<'i, I>,
    judge: J,
}

impl<I> fmt::Debug for Trial<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial").field("experiment", &self.experiment.name()).finish_non_exhaustive()
    }
}

impl<I, J> fmt::Debug for ComparedTrial<'_, I, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComparedTrial").field("trial", &self.trial).finish_non_exhaustive()
    }
}

impl<'i, I: Clone + Send + 'static> Trial<'i, I> {
    #[inline]
    pub(crate) fn new(experiment: &'static Experiment, input: &'i I) -> Self {
        Self { experiment, input, enabled: true }
    }

    /// Whether the other side may run, for this input; counted as `disabled` where it may not. Who
    /// answers does not depend on it.
    ///
    /// ```
    /// # use ode_core::Experiment;
    /// # static CODEC: Experiment = Experiment::new("codec");
    /// # let chunk = vec![1_u8];
    /// let n = CODEC.on(&chunk).enabled_if(chunk.len() < 1_000).run(Vec::len, |c| c.iter().count());
    /// # assert_eq!(n, 1);
    /// ```
    #[inline]
    pub fn enabled_if(mut self, enabled: bool) -> Self {
        self.enabled &= enabled;
        self
    }

    /// Runs it: returns the answer of the side that answers, and never waits for the other.
    ///
    /// Answers are compared by `==`; the answer is cloned when the other side runs, on the caller's
    /// time. Control is `Clone`, as functions and closures over `Clone` values are, because a noise
    /// control runs it twice.
    ///
    /// # Panics
    /// When the side that answers does.
    #[inline]
    pub fn run<T, A, B>(self, control: A, candidate: B) -> T
    where
        T: PartialEq + Clone + Send + 'static,
        A: FnOnce(&I) -> T + Clone + Send + 'static,
        B: FnOnce(&I) -> T + Send + 'static,
    {
        self.judged_by(Equal::new()).run(control, candidate)
    }

    /// As [`Trial::run`], for async functions and async closures that take the input by value. The
    /// input is cloned, so that the future borrows nothing. The other side is a task of the runtime
    /// that this is called on; without one that ode knows (`ode`
    /// has the feature `tokio`) it is not run, and counted as `no_runtime`.
    ///
    /// ```
    /// # use ode_core::Experiment;
    /// static PRICE: Experiment = Experiment::new("price");
    /// async fn old_price(sku: u64) -> u64 { sku * 2 }
    /// async fn new_price(sku: u64) -> u64 { sku + sku }
    /// # async fn price() -> u64 {
    /// let factor = 3;
    /// PRICE.on(&7)
    ///     .run_async(async move |sku| old_price(sku).await * factor, async move |sku| {
    ///         new_price(sku).await * factor
    ///     })
    ///     .await
    /// # }
    /// # assert_eq!(futures::executor::block_on(price()), 42);
    /// ```
    ///
    /// # Panics
    /// When the side that answers does.
    pub fn run_async<T, A, B>(
        self,
        control: A,
        candidate: B,
    ) -> impl Future<Output = T> + use<I, T, A, B>
    where
        T: PartialEq + Clone + Send + 'static,
        A: AsyncSide<I, T> + Clone,
        B: AsyncSide<I, T>,
    {
        self.judged_by(Equal::new()).run_async(control, candidate)
    }

    /// Compares what `clean` makes of the answers, by `same`. The answers then need neither `Clone`
    /// nor `PartialEq`. `clean` runs on the caller's time for the side that answers, when the trial
    /// is sampled: keep it small.
    ///
    /// ```
    /// # use ode_core::Experiment;
    /// # static CODEC: Experiment = Experiment::new("codec");
    /// struct Packed { bytes: Vec<u8> }
    /// # fn lz4(chunk: &Vec<u8>) -> Packed { Packed { bytes: chunk.clone() } }
    /// # let zstd = lz4;
    /// # let chunk = vec![1_u8];
    /// let tolerance = 2;
    /// let packed = CODEC.on(&chunk)
    ///     .compare(|p: &Packed| p.bytes.len(), move |old, new| old.abs_diff(*new) <= tolerance)
    ///     .ignore(|chunk, _old, _new| chunk.is_empty())
    ///     .run(lz4, zstd);
    /// # assert_eq!(packed.bytes.len(), 1);
    /// ```
    #[inline]
    pub fn compare<T, C, S>(
        self,
        clean: fn(&T) -> C,
        same: S,
    ) -> ComparedTrial<'i, I, Closures<T, C, S>>
    where
        T: 'static,
        C: Send + 'static,
        S: Fn(&C, &C) -> bool + Send + 'static,
    {
        self.judged_by(Closures { clean, same })
    }

    /// Compares `Result`s: two `Ok`s by `==`, two `Err`s by what `describe` makes of them, so that
    /// the error needs neither `Clone` nor `PartialEq`. An `Ok` never matches an `Err`.
    ///
    /// ```
    /// # use ode_core::Experiment;
    /// # static PARSER: Experiment = Experiment::new("parser");
    /// use std::io;
    /// fn old(text: &String) -> io::Result<u64> { text.parse().map_err(io::Error::other) }
    /// # let new = old;
    /// let text = String::from("12");
    /// let number = PARSER.on(&text).compare_errors(|e: &io::Error| e.kind()).run(old, new);
    /// # assert_eq!(number.ok(), Some(12));
    /// ```
    #[inline]
    pub fn compare_errors<V, E, D>(
        self,
        describe: fn(&E) -> D,
    ) -> ComparedTrial<'i, I, Results<V, E, D>>
    where
        V: PartialEq + Clone + Send + 'static,
        E: 'static,
        D: PartialEq + Send + 'static,
    {
        self.judged_by(Results { describe, value: PhantomData })
    }

    /// Compares by `==`, and says which mismatches are all right: they are counted as `ignored`.
    /// Asked on mismatches only.
    #[inline]
    pub fn ignore<T, G>(self, ignore: G) -> ComparedTrial<'i, I, Ignoring<Equal<T>, G>>
    where
        T: PartialEq + Clone + Send + 'static,
        G: Fn(&I, &T, &T) -> bool + Send + 'static,
    {
        self.judged_by(Ignoring { inner: Equal::new(), ignore })
    }

    #[inline]
    pub(crate) fn judged_by<J>(self, judge: J) -> ComparedTrial<'i, I, J> {
        ComparedTrial { trial: self, judge }
    }
}

impl<'i, I: Clone + Send + 'static, J: Cleans> ComparedTrial<'i, I, J> {
    /// As [`Trial::enabled_if`].
    #[inline]
    pub fn enabled_if(mut self, enabled: bool) -> Self {
        self.trial.enabled &= enabled;
        self
    }

    /// Says which mismatches are all right, by input, control's answer and the candidate's, both
    /// cleaned. They are counted as `ignored`. Asked on mismatches only; repeat to add more.
    #[inline]
    pub fn ignore<G>(self, ignore: G) -> ComparedTrial<'i, I, Ignoring<J, G>>
    where
        G: Fn(&I, &J::Clean, &J::Clean) -> bool + Send + 'static,
    {
        let Self { trial, judge } = self;
        ComparedTrial { trial, judge: Ignoring { inner: judge, ignore } }
    }

    /// As [`Trial::run`].
    ///
    /// # Panics
    /// When the side that answers does.
    #[inline]
    pub fn run<T, A, B>(self, control: A, candidate: B) -> T
    where
        T: 'static,
        J: Judge<I, T>,
        A: FnOnce(&I) -> T + Clone + Send + 'static,
        B: FnOnce(&I) -> T + Send + 'static,
    {
        let Self { trial: Trial { experiment, input, enabled }, judge } = self;
        match experiment.choose(May { run: enabled, run_control_twice: true }) {
            Choice::Control => control(input),
            Choice::Candidate => candidate(input),
            Choice::Both(stage, side) => {
                run_both((experiment, stage, side), input, judge, (control, candidate))
            }
        }
    }

    /// As [`Trial::run_async`].
    ///
    /// # Panics
    /// When the side that answers does.
    pub fn run_async<T, A, B>(
        self,
        control: A,
        candidate: B,
    ) -> impl Future<Output = T> + use<I, J, T, A, B>
    where
        T: 'static,
        J: Judge<I, T>,
        A: AsyncSide<I, T> + Clone,
        B: AsyncSide<I, T>,
    {
        let Self { trial: Trial { experiment, input, enabled }, judge } = self;
        // Here, so that the future does not borrow: it is `Send` also where the input is not `Sync`.
        let input = input.clone();
        async move {
            let asking = match experiment.choose(May { run: enabled, run_control_twice: true }) {
                Choice::Control => return control.start(input).await,
                Choice::Candidate => return candidate.start(input).await,
                Choice::Both(stage, side) => Asking::begin(experiment, stage, side),
            };
            match asking.side() {
                Side::Candidate => asking.answer_async(input, judge, control, candidate).await,
                Side::Control => asking.answer_async(input, judge, candidate, control).await,
                Side::Noise => match asking.copied(|| control.clone()) {
                    Ok((asking, again)) => asking.answer_async(input, judge, control, again).await,
                    Err(_counted) => control.start(input).await,
                },
            }
        }
    }
}

#[cold]
#[inline(never)]
fn run_both<I, T, J, A, B>(
    (experiment, stage, side): (&'static Experiment, Stage, Side),
    input: &I,
    judge: J,
    (control, candidate): (A, B),
) -> T
where
    I: Clone + Send + 'static,
    T: 'static,
    J: Judge<I, T>,
    A: FnOnce(&I) -> T + Clone + Send + 'static,
    B: FnOnce(&I) -> T + Send + 'static,
{
    let asking = Asking::begin(experiment, stage, side);
    match side {
        Side::Candidate => asking.answer(input, judge, control, candidate),
        Side::Control => asking.answer(input, judge, candidate, control),
        Side::Noise => match asking.copied(|| control.clone()) {
            Ok((asking, again)) => asking.answer(input, judge, control, again),
            Err(_counted) => control(input),
        },
    }
}
