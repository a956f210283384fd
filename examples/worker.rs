//! A worker that stops gracefully: on SIGTERM, or when there are no more jobs.
//!
//! What to notice:
//! - On SIGTERM no further job is taken, and the running one gets a moment to finish. If it does not
//!   make it, it still leaves an event: dropped with its future, it is `cancelled`.
//! - The guard lives to the end of `main`, and only its `shutdown` stops ode. That waits for events,
//!   not for work: a unit still open then is counted, and reported.
//! - Each job is a unit of its own, hence `root()`; the loop around them is none.
//! - A job carries the context of the unit that queued it, as a message of any queue can. It waited,
//!   and may run more than once, so the producer is no parent but a link: both are found from either.
//!
//! ```text
//! cargo run --example worker [number of jobs, or 20]      # stop it early: kill -TERM <pid>
//! ```

#![expect(clippy::print_stderr, reason = "the report of the shutdown is for the terminal")]

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use ode::{WideEvent, propagation};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

const GRACE: Duration = Duration::from_secs(2);

struct Job {
    id: u64,
    payload: Vec<u8>,
    headers: HashMap<String, String>,
}

async fn worker(mut jobs: mpsc::Receiver<Job>, mut stop: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => return,
            job = jobs.recv() => match job {
                Some(job) => {
                    let incoming = propagation::extract(&job.headers);
                    let event = WideEvent::builder("job.run").root().incoming(&incoming);
                    event.run_async(run(job)).await;
                }
                None => return,
            },
        }
    }
}

async fn run(job: Job) {
    ode::set! { job.id, job.bytes = job.payload.len() };
    if job.payload.is_empty() {
        return ode::decline("empty_payload");
    }
    ode::timed!("upload", sleep(Duration::from_millis(10)).await);
}

async fn produce(count: u64, jobs: mpsc::Sender<Job>) {
    for id in 1..=count {
        let job = WideEvent::builder("job.queue").root().run(|| {
            ode::set! { job.id = id };
            let mut headers = HashMap::new();
            propagation::inject(&mut headers);
            Job { id, payload: vec![0; usize::from(id % 5 != 0)], headers }
        });
        if jobs.send(job).await.is_err() {
            return; // The worker stopped, so nobody takes jobs any more.
        }
    }
}

#[cfg(unix)]
fn termination() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move { terminate.recv().await.unwrap_or_default() })
}

#[cfg(not(unix))]
fn termination() -> io::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let guard = ode::init(ode::build_info!())?;
    let terminated = termination()?;
    let count = std::env::args().nth(1).map_or(Ok(20), |count| count.parse())?;
    let (sender, jobs) = mpsc::channel(4);
    let (stop, stopped) = oneshot::channel();

    tokio::spawn(produce(count, sender));
    let mut working = tokio::spawn(worker(jobs, stopped));
    tokio::select! {
        done = &mut working => done?,
        () = terminated => {
            drop(stop);
            if timeout(GRACE, &mut working).await.is_err() {
                working.abort();
            }
        }
    }

    eprintln!("{:?}", guard.shutdown(Duration::from_secs(2)));
    Ok(())
}
