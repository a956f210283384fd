//! Where generated code finds the core crate, and the names it uses there.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

/// The path of the core crate as seen from the place of use: `$crate`, `::ode` or `::ode_core`.
#[derive(Clone)]
pub(crate) struct CorePath(TokenStream);

impl CorePath {
    pub(crate) fn new(path: TokenStream) -> Self {
        Self(path)
    }

    /// `::name`, in the edition-independent form.
    #[cfg(feature = "full")]
    pub(crate) fn of_crate(name: &str) -> Self {
        let name = Ident::new(name, Span::call_site());
        Self(quote_spanned!(Span::call_site()=> ::#name))
    }

    /// The hidden module that only macros call.
    pub(crate) fn support(&self) -> TokenStream {
        quote_spanned!(Span::mixed_site()=> #self::macro_support)
    }

    /// An item of the core crate's root.
    pub(crate) fn root(&self, name: &str) -> TokenStream {
        let name = Ident::new(name, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> #self::#name)
    }
}

impl ToTokens for CorePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}
