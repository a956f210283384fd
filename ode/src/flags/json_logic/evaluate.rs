//! From a rule and a subject to an answer.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

use ode_core::Subject;

use crate::flags::json_logic::expr::{Each, Expr, Op, Path};
use crate::flags::json_logic::sem_ver::Version;
use crate::flags::json_logic::value::Val;

/// What may be done for one answer: it is found on the recording thread.
const MAX_STEPS: u32 = 20_000;
/// And how much text may be put together.
const MAX_TEXT: usize = 64 * 1024;

/// One question about one flag.
pub(crate) struct Question<'q> {
    key: &'q str,
    subject: &'q Subject,
    /// Seconds since 1970; asked for only where a rule wants to know.
    now: &'q dyn Fn() -> u64,
    steps: Cell<u32>,
    text: Cell<usize>,
}

/// The rule takes too long, or too much memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unanswerable;

const FEW: usize = 3;

type Answer<'s> = Result<Val<'s>, Unanswerable>;

impl<'q> Question<'q> {
    pub(crate) fn new(key: &'q str, subject: &'q Subject, now: &'q dyn Fn() -> u64) -> Self {
        Self { key, subject, now, steps: Cell::new(MAX_STEPS), text: Cell::new(MAX_TEXT) }
    }

    /// The answer by a rule.
    pub(crate) fn ask<'s>(&self, rule: &'s Expr) -> Answer<'s>
    where
        'q: 's,
    {
        self.eval(rule, None)
    }

    /// `item` is what a rule for the items of a list is about.
    fn eval<'s>(&self, expr: &'s Expr, item: Option<&'s Val<'s>>) -> Answer<'s>
    where
        'q: 's,
    {
        let left = self.steps.get().checked_sub(1).ok_or(Unanswerable)?;
        self.steps.set(left);
        match expr {
            Expr::Const(value) => Ok(value.borrowed()),
            Expr::List(items) => Ok(Val::List(self.all(items, item)?)),
            Expr::Var(path, default) => self.or(self.look(path, item), default.as_deref(), item),
            Expr::VarOf(name, default) => {
                let found = match self.eval(name, item)? {
                    Val::Null => self.look(&Path::Whole, item),
                    name => self.look(&Path::of(&name.text()), item),
                };
                self.or(found, default.as_deref(), item)
            }
            Expr::If(parts) => self.choose(parts, item),
            Expr::And(parts) => self.first(parts, item, |value| !value.is_true()),
            Expr::Or(parts) => self.first(parts, item, Val::is_true),
            Expr::Each(each, items, rule) => self.each(*each, items, rule, item),
            Expr::Call(op, arguments) => {
                // Most operators have two or three, which need no memory of their own.
                if arguments.len() > FEW {
                    return self.call(*op, &self.all(arguments, item)?, item);
                }
                let mut few = [const { Val::Null }; FEW];
                for (place, argument) in few.iter_mut().zip(arguments) {
                    *place = self.eval(argument, item)?;
                }
                self.call(*op, few.get(..arguments.len()).unwrap_or(&few), item)
            }
        }
    }

    fn all<'s>(
        &self,
        exprs: &'s [Expr],
        item: Option<&'s Val<'s>>,
    ) -> Result<Vec<Val<'s>>, Unanswerable>
    where
        'q: 's,
    {
        exprs.iter().map(|expr| self.eval(expr, item)).collect()
    }

    fn or<'s>(
        &self,
        found: Val<'s>,
        default: Option<&'s Expr>,
        item: Option<&'s Val<'s>>,
    ) -> Answer<'s>
    where
        'q: 's,
    {
        match (found, default) {
            (Val::Null, Some(default)) => self.eval(default, item),
            (found, _) => Ok(found),
        }
    }

    fn look<'s>(&self, path: &Path, item: Option<&'s Val<'s>>) -> Val<'s>
    where
        'q: 's,
    {
        match (path, item) {
            (Path::Whole, Some(item)) => item.borrowed(),
            // Items are no objects, so there is nothing below them.
            (_, Some(_)) => Val::Null,
            (Path::Whole, None) => Val::Object,
            (Path::TargetingKey, None) => {
                self.subject.targeting_key().map_or(Val::Null, |key| Val::Str(Cow::Borrowed(key)))
            }
            (Path::FlagKey, None) => Val::Str(Cow::Borrowed(self.key)),
            (Path::Timestamp, None) => Val::Int(i64::try_from((self.now)()).unwrap_or(i64::MAX)),
            (Path::Attribute(name), None) => {
                self.subject.attribute(name).map_or(Val::Null, Val::of_attribute)
            }
        }
    }

    /// `if`: condition, then, condition, then, …, else.
    fn choose<'s>(&self, parts: &'s [Expr], item: Option<&'s Val<'s>>) -> Answer<'s>
    where
        'q: 's,
    {
        let mut rest = parts;
        while let [condition, then, others @ ..] = rest {
            if self.eval(condition, item)?.is_true() {
                return self.eval(then, item);
            }
            rest = others;
        }
        rest.first().map_or(Ok(Val::Null), |otherwise| self.eval(otherwise, item))
    }

    /// The first value that ends the search, else the last.
    fn first<'s>(
        &self,
        parts: &'s [Expr],
        item: Option<&'s Val<'s>>,
        ends: impl Fn(&Val<'s>) -> bool,
    ) -> Answer<'s>
    where
        'q: 's,
    {
        let mut last = Val::Null;
        for part in parts {
            last = self.eval(part, item)?;
            if ends(&last) {
                break;
            }
        }
        Ok(last)
    }

    fn each<'s>(
        &self,
        each: Each,
        items: &'s Expr,
        rule: &'s Expr,
        item: Option<&'s Val<'s>>,
    ) -> Answer<'s>
    where
        'q: 's,
    {
        let items = self.eval(items, item)?;
        let items = items.items().unwrap_or_default();
        // What ends the search early: for `all` the first that is not, for the others one that is.
        let ends_at = each != Each::All;
        for one in items {
            if self.eval(rule, Some(one))?.is_true() == ends_at {
                return Ok(Val::Bool(each == Each::Some));
            }
        }
        // Of nothing, all is not so: JSON Logic has it that way.
        let at_the_end = match each {
            Each::Some => false,
            Each::None => true,
            Each::All => !items.is_empty(),
        };
        Ok(Val::Bool(at_the_end))
    }

    fn call<'s>(&self, op: Op, arguments: &[Val<'s>], item: Option<&'s Val<'s>>) -> Answer<'s>
    where
        'q: 's,
    {
        let nothing = Val::Null;
        let at = |position: usize| arguments.get(position).unwrap_or(&nothing);
        let (one, other) = (at(0), at(1));
        Ok(match op {
            Op::Equal => Val::Bool(one.is_equal(other)),
            Op::NotEqual => Val::Bool(!one.is_equal(other)),
            Op::Same => Val::Bool(one.is_same(other)),
            Op::NotSame => Val::Bool(!one.is_same(other)),
            Op::Less => ordered(arguments, Ordering::is_lt),
            Op::LessOrEqual => ordered(arguments, Ordering::is_le),
            Op::Greater => ordered(arguments, Ordering::is_gt),
            Op::GreaterOrEqual => ordered(arguments, Ordering::is_ge),
            Op::Not => Val::Bool(!one.is_true()),
            Op::Truth => Val::Bool(one.is_true()),
            Op::Add => folded(arguments, 0, i64::checked_add, |sum, number| sum + number),
            Op::Multiply => folded(arguments, 1, i64::checked_mul, |product, n| product * n),
            Op::Subtract if arguments.len() == 1 => {
                let negated = one.whole().and_then(i64::checked_neg).map(Val::Int);
                negated.unwrap_or_else(|| Val::Float(-one.number()))
            }
            Op::Subtract => computed(one, other, i64::checked_sub, |one, other| one - other),
            Op::Divide => Val::Float(one.number() / other.number()),
            Op::Remainder => computed(one, other, i64::checked_rem, |one, other| one % other),
            Op::Min => least(arguments, Ordering::is_lt),
            Op::Max => least(arguments, Ordering::is_gt),
            Op::In => Val::Bool(is_in(one, other)),
            Op::Cat => {
                let mut text = String::new();
                for part in arguments {
                    text.push_str(&self.counted(part.text())?);
                }
                Val::Str(Cow::Owned(text))
            }
            Op::Substr => {
                let text = self.counted(one.text())?;
                Val::Str(Cow::Owned(part(&text, other, arguments.get(2))))
            }
            Op::Merge => Val::List(merged(arguments)),
            Op::Missing => Val::List(self.missing(arguments, item)),
            Op::MissingSome => self.missing_some(arguments, item),
            Op::StartsWith => texts(arguments, |text, start| text.starts_with(start)),
            Op::EndsWith => texts(arguments, |text, end| text.ends_with(end)),
            Op::SemVer => versions(arguments),
        })
    }

    /// Text that is about to be copied.
    fn counted<'t>(&self, text: Cow<'t, str>) -> Result<Cow<'t, str>, Unanswerable> {
        let left = self.text.get().checked_sub(text.len()).ok_or(Unanswerable)?;
        self.text.set(left);
        Ok(text)
    }

    /// The names among the arguments, or among those in a list, under which nothing is known.
    fn missing<'s>(&self, arguments: &[Val<'s>], item: Option<&'s Val<'s>>) -> Vec<Val<'s>>
    where
        'q: 's,
    {
        let names = arguments.first().and_then(Val::items).unwrap_or(arguments);
        let is_missing = |name: &Val<'s>| match self.look(&Path::of(&name.text()), item) {
            Val::Null => true,
            Val::Str(text) => text.is_empty(),
            _ => false,
        };
        names.iter().filter(|name| is_missing(name)).cloned().collect()
    }

    /// Nothing where so many of the names are known, else those that are missing.
    fn missing_some<'s>(&self, arguments: &[Val<'s>], item: Option<&'s Val<'s>>) -> Val<'s>
    where
        'q: 's,
    {
        let (need, names) = (arguments.first(), arguments.get(1));
        let Some(count) = names.and_then(Val::items).map(<[_]>::len) else {
            return Val::List(Vec::new());
        };
        let missing = self.missing(names.map_or(&[], std::slice::from_ref), item);
        let known = i64::try_from(count - missing.len()).unwrap_or(i64::MAX);
        let enough = Val::Int(known).order(need.unwrap_or(&Val::Null));
        Val::List(if enough.is_some_and(Ordering::is_ge) { Vec::new() } else { missing })
    }
}

/// Two in order, or three one after the other.
fn ordered(arguments: &[Val<'_>], is: fn(Ordering) -> bool) -> Val<'static> {
    let holds = |one: &Val<'_>, other: &Val<'_>| one.order(other).is_some_and(is);
    let null = Val::Null;
    let at = |position: usize| arguments.get(position).unwrap_or(&null);
    let third = at(2);
    Val::Bool(holds(at(0), at(1)) && (*third == Val::Null || holds(at(1), third)))
}

/// Whole numbers stay whole as long as they fit.
fn computed(
    one: &Val<'_>,
    other: &Val<'_>,
    whole: fn(i64, i64) -> Option<i64>,
    any: fn(f64, f64) -> f64,
) -> Val<'static> {
    let both = one.whole().zip(other.whole());
    match both.and_then(|(one, other)| whole(one, other)) {
        Some(result) => Val::Int(result),
        None => Val::Float(any(one.number(), other.number())),
    }
}

fn folded(
    arguments: &[Val<'_>],
    start: i64,
    whole: fn(i64, i64) -> Option<i64>,
    any: fn(f64, f64) -> f64,
) -> Val<'static> {
    arguments.iter().fold(Val::Int(start), |sum, next| computed(&sum, next, whole, any))
}

fn least<'s>(arguments: &[Val<'s>], is: fn(Ordering) -> bool) -> Val<'s> {
    let number = |value: &Val<'s>| match value.whole() {
        Some(whole) => Val::Int(whole),
        None => Val::Float(value.number()),
    };
    let better = |one: Val<'s>, other: Val<'s>| {
        if other.order(&one).is_some_and(is) { other } else { one }
    };
    arguments.iter().map(number).reduce(better).unwrap_or(Val::Float(f64::NAN))
}

fn is_in(needle: &Val<'_>, haystack: &Val<'_>) -> bool {
    match haystack {
        Val::Str(text) => text.contains(&*needle.text()),
        list => list.items().is_some_and(|items| items.iter().any(|item| item.is_same(needle))),
    }
}

/// A part of a text, by characters; what is negative counts from the end.
fn part(text: &str, start: &Val<'_>, length: Option<&Val<'_>>) -> String {
    let count = text.chars().count();
    let from_end = |back: i64| count.saturating_sub(usize_of(back.saturating_neg()));
    let start = match whole_of(start) {
        negative @ ..0 => from_end(negative),
        start => usize_of(start).min(count),
    };
    let end = match length.map(whole_of) {
        None => count,
        Some(negative @ ..0) => from_end(negative),
        Some(length) => start.saturating_add(usize_of(length)),
    };
    text.chars().skip(start).take(end.saturating_sub(start)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "it saturates, and NaN is 0")]
fn whole_of(value: &Val<'_>) -> i64 {
    value.whole().unwrap_or_else(|| value.number() as i64)
}

fn usize_of(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The lists' items, and what is no list.
fn merged<'s>(arguments: &[Val<'s>]) -> Vec<Val<'s>> {
    let mut items = Vec::new();
    for argument in arguments {
        match argument.items() {
            Some(more) => items.extend_from_slice(more),
            None => items.push(argument.clone()),
        }
    }
    items
}

/// A question about two texts; about anything else there is no answer.
fn texts(arguments: &[Val<'_>], is: fn(&str, &str) -> bool) -> Val<'static> {
    match arguments {
        [one, other] => match (one.as_str(), other.as_str()) {
            (Some(one), Some(other)) => Val::Bool(is(one, other)),
            _ => Val::Null,
        },
        _ => Val::Null,
    }
}

fn versions(arguments: &[Val<'_>]) -> Val<'static> {
    let [one, operator, other] = arguments else { return Val::Null };
    let (one, other) = (one.text(), other.text());
    let compared = || {
        let operator = operator.as_str()?;
        Version::parse(&one)?.holds(operator, &Version::parse(&other)?)
    };
    compared().map_or(Val::Null, Val::Bool)
}
