//! What the model checks in `models/` drive: records that come from threads by their number, because
//! a checker runs its threads on one of the system's, which all share what is local to a thread.

use crate::event::finished::Head;
use crate::event::outcome::Outcome;
use crate::record::buffer::Buffer;
use crate::testing::TestPipeline;
use crate::unit::open::new_head;

impl TestPipeline {
    /// Offers a finished record, as the thread of this number does at the end of a unit. It is told
    /// from others by its duration.
    pub fn record(&self, thread: usize, duration_ns: u64) {
        let head = new_head(&self.pipeline, "modelled", Outcome::Ok);
        self.pipeline.offer_from(thread, &Head { duration_ns, ..head }, &Buffer::default());
    }
}
