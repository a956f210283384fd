//! Every mistake in one `set!` is reported, each where it is.
struct Job {
    n: u8,
}

impl Job {
    fn record(&self) {
        ode::set! { self.n };
        ode::set! { ?self.n };
    }
}

fn main() {
    let n = 1;
    ode::set! { &n, 3, b 3, fine = 1, "x" = , self.n };
    ode::set! { a: 1 };
    ode::set! { a += 1 };
    ode::set! { a == 1, a => 1, ?a = 1 };
    ode::set! { n.to_string(), a = 1,, b = 2 };
    ode::set_inherited! { a += 1 };
}
