//! What does not add up, and what is no element of a list.
struct Cart;

fn main() {
    let cart = Cart;
    ode::incr! { a += true };
    ode::incr! { a += Some(1) };
    ode::incr! { a += cart };
    ode::incr! { a -= 1 };
    ode::incr! { a++ };
    ode::append! { carts += cart };
    ode::append! { w += };
    ode::append! { };
    ode::append! { "w" };
    ode::set_inherited! { cart };
}
