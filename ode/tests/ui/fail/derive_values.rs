//! A field without a conversion is reported at its type; keys are checked like those of `set!`.
use ode::EventFields;

struct Cart {
    id: u64,
}

#[derive(EventFields)]
struct Order {
    id: u64,
    cart: Cart,
    carts: Vec<Cart>,
    #[event(display)]
    shown: Cart,
    #[event(nested)]
    nested: Cart,
}

#[derive(EventFields)]
#[event(prefix = "error")]
struct Reserved {
    kind: u64,
}

fn main() {
    let _ = Cart { id: 1 }.id;
}
