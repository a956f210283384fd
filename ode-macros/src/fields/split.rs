//! Cuts a token list at its top-level commas.
//!
//! Commas inside brackets are hidden in their group already. What is left are the commas between
//! `<` and `>`, and those signs are also comparisons: `a = x < y, b = z > w` is two fields, and
//! `a = f::<X, Y>()` is one. As in rustc's own parser, the token before a `<` tells which it is.

use proc_macro2::{Spacing, Span, TokenStream, TokenTree};

/// One stretch between commas, and where the comma after it stands.
pub(crate) struct Piece {
    pub(crate) tokens: Vec<TokenTree>,
    pub(crate) comma: Option<Span>,
}

/// Cuts at top-level commas. A trailing comma adds no empty piece; two commas in a row do.
pub(crate) fn at_commas(input: TokenStream) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut tokens = Vec::new();
    let mut angles = Angles::default();
    for token in input {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' && !angles.inside() => {
                pieces
                    .push(Piece { tokens: std::mem::take(&mut tokens), comma: Some(punct.span()) });
                angles = Angles::default();
            }
            _ => {
                angles.step(&token);
                tokens.push(token);
            }
        }
    }
    if !tokens.is_empty() {
        pieces.push(Piece { tokens, comma: None });
    }
    pieces
}

/// Follows an expression token by token and knows whether it is between `<` and `>`.
#[derive(Default)]
struct Angles {
    depth: usize,
    /// The tokens so far end in an operand, so a `<` compares.
    after_operand: bool,
    /// After `as`, where a path's `<` opens generics without `::`.
    in_cast: bool,
    /// The last sign, if it was written right before this token.
    joint: Option<char>,
}

impl Angles {
    fn inside(&self) -> bool {
        self.depth > 0
    }

    fn step(&mut self, token: &TokenTree) {
        let joint = self.joint.take();
        match token {
            TokenTree::Ident(ident) => {
                let name = ident.to_string();
                self.after_operand = !takes_operand(&name);
                if name == "as" {
                    self.in_cast = true;
                }
            }
            TokenTree::Literal(_) | TokenTree::Group(_) => {
                self.after_operand = true;
                self.in_cast = false;
            }
            TokenTree::Punct(punct) => {
                self.sign(punct.as_char(), joint);
                if punct.spacing() == Spacing::Joint {
                    self.joint = Some(punct.as_char());
                }
            }
        }
    }

    fn sign(&mut self, sign: char, joint: Option<char>) {
        match sign {
            '<' if self.inside() || self.in_cast => self.depth += 1,
            // The second half of `<<`.
            '<' if joint == Some('<') => {}
            '<' if !self.after_operand => self.depth += 1,
            '<' => self.after_operand = false,
            '>' if self.inside() && !matches!(joint, Some('-' | '=')) => {
                self.depth -= 1;
                self.after_operand = true;
            }
            // After an operand this is the try operator, which ends in an operand again.
            '?' => {}
            _ => {
                // `as *const T` and `as a::B<C>` are still in the cast, `as u8 * n` is not.
                if self.after_operand && sign != ':' {
                    self.in_cast = false;
                }
                self.after_operand = false;
            }
        }
    }
}

/// Keywords that want an operand after them, unlike names.
fn takes_operand(name: &str) -> bool {
    matches!(
        name,
        "as" | "break"
            | "else"
            | "if"
            | "in"
            | "let"
            | "match"
            | "move"
            | "mut"
            | "ref"
            | "return"
            | "while"
    )
}
