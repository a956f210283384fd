//! What a rule is once it is compiled.

use crate::flags::json_logic::value::Val;

/// A rule, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Const(Val<'static>),
    /// A list with something in it that has to be found out.
    List(Vec<Self>),
    /// What is known of the subject under a name, and what stands in for it.
    Var(Path, Option<Box<Self>>),
    /// As `Var`, where the name has to be found out.
    VarOf(Box<Self>, Option<Box<Self>>),
    If(Vec<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Each(Each, Box<Self>, Box<Self>),
    Call(Op, Vec<Self>),
}

/// What `var` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    TargetingKey,
    /// `$flagd.flagKey`.
    FlagKey,
    /// `$flagd.timestamp`: seconds since 1970.
    Timestamp,
    /// Everything at once, or `$flagd`.
    Whole,
    Attribute(Box<str>),
}

impl Path {
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "" | "$flagd" => Self::Whole,
            "targetingKey" => Self::TargetingKey,
            "$flagd.flagKey" => Self::FlagKey,
            "$flagd.timestamp" => Self::Timestamp,
            name => Self::Attribute(name.into()),
        }
    }
}

/// What is asked of the items of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Each {
    Some,
    All,
    None,
}

macro_rules! ops {
    ($($variant:ident = $name:literal;)*) => {
        /// An operator whose arguments are all found out before it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Op {
            $($variant,)*
        }

        impl Op {
            pub(crate) fn of(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

ops! {
    Equal = "==";
    NotEqual = "!=";
    Same = "===";
    NotSame = "!==";
    Less = "<";
    LessOrEqual = "<=";
    Greater = ">";
    GreaterOrEqual = ">=";
    Not = "!";
    Truth = "!!";
    Add = "+";
    Subtract = "-";
    Multiply = "*";
    Divide = "/";
    Remainder = "%";
    Min = "min";
    Max = "max";
    In = "in";
    Cat = "cat";
    Substr = "substr";
    Merge = "merge";
    Missing = "missing";
    MissingSome = "missing_some";
    StartsWith = "starts_with";
    EndsWith = "ends_with";
    SemVer = "sem_ver";
}
