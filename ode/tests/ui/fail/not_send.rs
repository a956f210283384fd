//! A future is as `Send` as its body: what is not, is named in the function's own words.
use std::rc::Rc;

fn require_send(_: impl Send) {}

#[ode::instrument_event]
async fn local() {
    let here = Rc::new(1);
    std::future::ready(()).await;
    drop(here);
}

fn main() {
    require_send(local());
}
