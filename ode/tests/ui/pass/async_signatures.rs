//! Everything that ends in a future; all of them stay `Send` where the plain function was.
#![deny(warnings)]

use std::cell::Cell;
use std::future::{Future, ready};
use std::io;
use std::pin::Pin;
use std::rc::Rc;

use async_trait::async_trait;
use ode::instrument_event;

fn send<T: Send>(value: T) -> T {
    value
}

struct Shop {
    carts: Vec<u64>,
}

struct Path<T>(T);

impl Shop {
    #[instrument_event(fields(cart.id = cart, shop.carts = self.carts.len()))]
    async fn cart(&self, Path(cart): Path<usize>) -> Option<&u64> {
        ready(()).await;
        self.carts.get(cart)
    }

    #[instrument_event]
    async fn grow<'a>(&'a mut self, name: &str) -> Result<&'a mut Vec<u64>, io::Error> {
        if name.is_empty() {
            return Err(io::Error::other("no name"));
        }
        self.carts.push(ready(1).await);
        Ok(&mut self.carts)
    }
}

/// By value and not `Sync`: a borrow of it held across an await would not be `Send`.
#[instrument_event(fields(count = count.get()))]
async fn not_sync(count: Cell<u8>) -> u8 {
    count.set(count.get() + 1);
    ready(()).await;
    count.into_inner()
}

#[instrument_event]
async fn not_send(count: Rc<u8>) -> u8 {
    ready(()).await;
    *count
}

#[instrument_event]
async fn question(text: &str) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let n = text.parse::<u64>()?;
    ode::set! { parsed = ready(n).await, doubled = text.parse::<u64>()? * 2 };
    Ok(n)
}

#[instrument_event]
async fn coerced(
    ok: bool,
) -> Result<Box<dyn Fn() -> u8 + Send>, Box<dyn std::error::Error + Send + Sync>> {
    if ok {
        Ok(Box::new(|| 1))
    } else {
        Err("no".into())
    }
}

#[instrument_event(ok_fields(|_rows| done = true))]
async fn opaque(ok: bool) -> Result<impl Iterator<Item = u8> + Send, io::Error> {
    if !ok {
        Err(io::Error::other("no"))?;
    }
    Ok([1, 2].into_iter())
}

#[instrument_event]
async fn nothing(stop: bool) {
    if stop {
        return;
    }
    ready(()).await;
}

#[instrument_event]
async fn boxed_recursion(n: u64) -> u64 {
    if n == 0 {
        0
    } else {
        1 + Box::pin(boxed_recursion(n - 1)).await
    }
}

#[instrument_event(fields(n))]
fn with_tail(n: u64) -> impl Future<Output = io::Result<u64>> + Send {
    let doubled = n * 2;
    async move {
        if doubled > 100 {
            return Err(io::Error::other("large"));
        }
        Ok(ready(doubled).await)
    }
}

#[instrument_event(fields(n))]
fn without_tail(n: u64) -> impl Future<Output = u64> + Send {
    ready(n)
}

#[instrument_event(fields(label))]
fn boxed_tail<'a>(label: &'a str) -> Pin<Box<dyn Future<Output = &'a str> + Send + 'a>> {
    Box::pin(async move {
        ready(()).await;
        label
    })
}

#[instrument_event(fields(label), ok_fields(|label| length = label.len()))]
fn boxed_other<'a>(label: &'a str) -> Pin<Box<dyn Future<Output = &'a str> + Send + 'a>> {
    if label.is_empty() {
        return Box::pin(ready("empty"));
    }
    let future = ready(label);
    Box::pin(future)
}

#[instrument_event(skip_if = n == 0, fields(n), ok_fields(|v| v))]
async fn skipped(n: u64, text: String) -> String {
    ready(()).await;
    text
}

#[instrument_event(skip_if = n == 0, fields(n))]
fn skipped_future(n: u64) -> impl Future<Output = u64> + Send {
    ready(n)
}

#[instrument_event(skip_if = n == 0, fields(n))]
fn skipped_box(n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(ready(n))
}

#[async_trait]
trait Api {
    async fn fetch(&self, id: u64, name: &str) -> io::Result<String>;

    #[instrument_event(name = "api.default", fields(id))]
    async fn by_default(&self, id: u64) -> u64 {
        ready(id).await
    }
}

#[async_trait]
impl Api for Shop {
    #[instrument_event(fields(id, user.name = name, shop.carts = self.carts.len()), ok_fields(|text| text.len = text.len()))]
    async fn fetch(&self, id: u64, name: &str) -> io::Result<String> {
        let cart = self.carts.first().ok_or_else(|| io::Error::other("none"))?;
        ready(()).await;
        Ok(format!("{id}{name}{cart}"))
    }
}

trait Native {
    fn call(&self) -> impl Future<Output = u8> + Send;
}

impl Native for Shop {
    #[instrument_event]
    async fn call(&self) -> u8 {
        ready(1).await
    }
}

#[instrument_event]
async fn generic<N: Native, T: Send + Clone>(native: &N, value: T) -> (u8, T)
where
    N: Sync,
{
    (native.call().await, value)
}

fn main() {
    futures::executor::block_on(async {
        let mut shop = Shop { carts: vec![1] };
        assert_eq!(send(shop.cart(Path(0))).await, Some(&1));
        assert!(send(shop.grow("x")).await.is_ok());
        assert_eq!(send(not_sync(Cell::new(1))).await, 2);
        assert_eq!(not_send(Rc::new(1)).await, 1);
        assert!(send(question("x")).await.is_err());
        assert!(send(coerced(true)).await.is_ok());
        assert_eq!(send(opaque(true)).await.map(Iterator::count).ok(), Some(2));
        send(nothing(false)).await;
        assert_eq!(send(boxed_recursion(3)).await, 3);
        assert!(send(with_tail(51)).await.is_err());
        assert_eq!(send(without_tail(1)).await, 1);
        assert_eq!(send(boxed_tail("a")).await, "a");
        assert_eq!(send(boxed_other("")).await, "empty");
        assert_eq!(send(skipped(0, "a".into())).await, "a");
        assert_eq!(send(skipped_future(0)).await + skipped_future(1).await, 1);
        assert_eq!(send(skipped_box(0)).await + skipped_box(1).await, 1);
        assert!(send(shop.fetch(1, "n")).await.is_ok());
        assert_eq!(send(shop.by_default(1)).await, 1);
        assert_eq!(send(generic(&shop, "t")).await, (1, "t"));
    });
}
