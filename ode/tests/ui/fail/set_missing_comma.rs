//! Without a comma, what follows is part of the value.
fn main() {
    ode::set! { a = 1 b = 2 };
}
