//! What is current belongs to a thread, now: it cannot be kept across an await of a sent future.
fn main() {
    require_send(async {
        let current = ode::current();
        std::future::ready(()).await;
        current.set("key", 1);
    });
}

fn require_send(_: impl Send) {}
