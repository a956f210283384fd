//! A type with parameters asks for what its fields need, where it is used.
use ode::EventFields;

struct Cart;

#[derive(EventFields)]
struct Group<T, U> {
    value: Option<T>,
    #[event(display)]
    shown: U,
}

fn main() {
    ode::fields(&Group { value: Some(Cart), shown: 1 });
    ode::fields(&Group { value: Some(1), shown: Cart });
}
