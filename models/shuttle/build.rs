//! Says that the core is compiled for a model checker, without the features that a model needs not.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=ode_model");
    println!(r#"cargo::rustc-check-cfg=cfg(feature, values("diff", "http", "macros", "serde"))"#);
}
