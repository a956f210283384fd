//! `build_info!` knows all by itself.
fn main() {
    let _ = ode::build_info!("my-service");
    let _ = ode::build_info!(name = "my-service", version = "1");
}
