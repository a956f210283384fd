//! What must compile and what must not, with what the compiler then says.
//!
//! The texts are those of rustc 1.95, the toolchain the workspace is checked with; another compiler
//! may word its part differently. To accept changed texts: `TRYBUILD=overwrite cargo test --test ui`.

#[test]
fn accepted() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}

#[test]
fn refused() {
    trybuild::TestCases::new().compile_fail("tests/ui/fail/*.rs");
}
