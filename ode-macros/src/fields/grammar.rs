//! The lists there are, and which operators each of them takes.

use proc_macro2::TokenTree;

use super::key::Key;

/// Which list is being read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Grammar {
    Set,
    SetInherited,
    Incr,
    Append,
    /// `fields(..)` of `#[instrument_event]`: reads and writes like `set!`.
    #[cfg_attr(not(feature = "full"), expect(dead_code, reason = "used by the attribute"))]
    Attribute,
}

impl Grammar {
    /// Lists whose entries replace, and may be written without `=`.
    pub(crate) fn sets(self) -> bool {
        matches!(self, Self::Set | Self::SetInherited | Self::Attribute)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Set => "set!",
            Self::SetInherited => "set_inherited!",
            Self::Incr => "incr!",
            Self::Append => "append!",
            Self::Attribute => "fields(..)",
        }
    }

    /// What to write instead of a wrong operator.
    pub(crate) fn accepts(self, operator: Operator, key: &Key) -> Result<(), String> {
        let a = key.shown();
        let name = self.name();
        Err(match (self, operator) {
            (Self::Incr | Self::Append, Operator::Add) => return Ok(()),
            (Self::Incr | Self::Append, Operator::None) => format!("expected `+=` after `{a}`"),
            (Self::Incr, _) => format!("`incr!` adds to a field: write `{a} += ..`"),
            (Self::Append, _) => format!("`append!` adds to a list: write `{a} += ..`"),
            (_, Operator::Assign) => return Ok(()),
            (_, Operator::Add) => {
                format!("`{name}` replaces: write `{a} = ..`, or use `incr! {{ {a} += .. }}`")
            }
            (_, Operator::Subtract) => format!("`{name}` replaces: write `{a} = ..`"),
            (_, Operator::Colon) => format!("fields use `=`, not `:`: write `{a} = ..`"),
            (_, Operator::Arrow) => format!("fields use `=`, not `=>`: write `{a} = ..`"),
            (_, Operator::Equals) => format!("fields use `=`, not `==`: write `{a} = ..`"),
            (_, Operator::None) => format!("expected `=` after `{a}`"),
        })
    }
}

/// What stands behind a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Assign,
    Add,
    Subtract,
    Colon,
    Arrow,
    Equals,
    None,
}

impl Operator {
    pub(crate) fn read(tokens: &[TokenTree]) -> Self {
        let sign = |at: usize| match tokens.get(at) {
            Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
            _ => None,
        };
        match (sign(0), sign(1)) {
            (Some('='), Some('=')) => Self::Equals,
            (Some('='), Some('>')) => Self::Arrow,
            (Some('='), _) => Self::Assign,
            (Some('+'), Some('=')) => Self::Add,
            (Some('-'), Some('=')) => Self::Subtract,
            (Some(':'), _) => Self::Colon,
            _ => Self::None,
        }
    }

    /// In tokens. One for `None`, so that an error has something to point at.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Assign | Self::Colon | Self::None => 1,
            Self::Add | Self::Subtract | Self::Arrow | Self::Equals => 2,
        }
    }
}
