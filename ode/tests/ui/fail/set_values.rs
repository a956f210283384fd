//! A value that is no field value is underlined itself, and the fix is named.
struct Cart {
    id: u64,
}

fn main() {
    let cart = Cart { id: 1 };
    ode::set! { fine = 1, cart = cart };
    ode::set! { cart };
    ode::set! { made = Cart { id: cart.id + 1 }, ?cart.id };
    ode::set! { shown = %cart, debugged = ?cart };
    ode::append! { carts += cart };
}
