//! The smallest executor with threads: nothing of tokio is in it, and a task's next poll may be on any
//! of them.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;

use futures::channel::oneshot;

thread_local! {
    static CURRENT: RefCell<Option<Executor>> = const { RefCell::new(None) };
}

/// Where tasks are handed in. Its threads stay until the process ends.
#[derive(Clone)]
pub(crate) struct Executor(SyncSender<Arc<Task>>);

struct Task {
    /// `None`: done.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    executor: Executor,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let executor = self.executor.clone();
        executor.0.send(self).unwrap();
    }
}

impl Executor {
    pub(crate) fn start(threads: usize) -> Self {
        // More than are ever ready at once: a thread that waited for room could wait for itself.
        let (sender, tasks) = sync_channel(1 << 14);
        let (executor, tasks) = (Self(sender), Arc::new(Mutex::new(tasks)));
        for _ in 0..threads {
            let (own, tasks) = (executor.clone(), Arc::clone(&tasks));
            drop(thread::Builder::new().spawn(move || run(own, &tasks)).unwrap());
        }
        executor
    }

    /// The one whose thread this is.
    pub(crate) fn current() -> Self {
        CURRENT.with_borrow(|current| current.clone().unwrap())
    }

    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (done, result) = oneshot::channel();
        let future = async move {
            // Nobody may be waiting.
            drop(done.send(future.await));
        };
        let task = Task { future: Mutex::new(Some(Box::pin(future))), executor: self.clone() };
        Arc::new(task).wake();
        result
    }
}

fn run(executor: Executor, tasks: &Mutex<Receiver<Arc<Task>>>) {
    CURRENT.set(Some(executor));
    while let Ok(task) = next(tasks) {
        let mut slot = task.future.lock().unwrap();
        let waker = Waker::from(Arc::clone(&task));
        let polled =
            slot.as_mut().map(|future| future.as_mut().poll(&mut Context::from_waker(&waker)));
        if polled.is_some_and(|polled| polled.is_ready()) {
            *slot = None;
        }
    }
}

fn next(tasks: &Mutex<Receiver<Arc<Task>>>) -> Result<Arc<Task>, std::sync::mpsc::RecvError> {
    tasks.lock().unwrap().recv()
}
