//! A worker that stops gracefully: SIGTERM, or no more jobs.
//!
//! What to notice:
//! - The guard lives to the end of `main`; only `shutdown` stops ode, and it says what came of it.
//! - On SIGTERM no further job is taken, and the running one gets a moment to finish.
//! - A job that does not make it still leaves an event: dropped with its future, it is `cancelled`.
//! - Each job is a unit of its own, so `root()`: the loop around them is not work.
//!
//! ```text
//! cargo run --example worker        # 20 jobs, or until: kill -TERM <pid>
//! ```

use std::time::Duration;

use ode::WideEvent;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

const GRACE: Duration = Duration::from_millis(500);

struct Job {
    id: u64,
    payload: Vec<u8>,
}

async fn worker(mut jobs: mpsc::Receiver<Job>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            job = jobs.recv() => match job {
                Some(job) => WideEvent::builder("job.run").root().run_async(run(job)).await,
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

async fn produce(jobs: mpsc::Sender<Job>) {
    for id in 1..=20 {
        let payload = vec![0; usize::from(id % 5 != 0)];
        if jobs.send(Job { id, payload }).await.is_err() {
            return; // The worker stopped, so nobody takes jobs any more.
        }
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await, // Then it ends with its jobs.
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let guard = ode::init(ode::build_info!())?;
    let (sender, jobs) = mpsc::channel(4);
    let (stop, stopped) = watch::channel(false);

    tokio::spawn(produce(sender));
    let mut working = tokio::spawn(worker(jobs, stopped));
    tokio::select! {
        done = &mut working => done?,
        () = terminated() => {
            stop.send_replace(true);
            if timeout(GRACE, &mut working).await.is_err() {
                working.abort();
            }
        }
    }

    let shutdown = guard.shutdown(Duration::from_secs(2));
    eprintln!(
        "{} events delivered, {} not",
        shutdown.delivered, shutdown.undelivered
    );
    Ok(())
}
