//! Flags that a unit evaluated, at the strict receiver: records of their own, and events in the ledger.

use ode_core::testing::TestPipeline;
use ode_core::{Flag, MemoryFlags, PipelineBuilder, Process, WideEvent};
use ode_exporters::otlp::Signals;

use super::support::{Way, told};
use crate::receiver::{Action, Options, Receiver, Value, WATCHDOG};

static NEW_CART: Flag<bool> = Flag::new("new_cart", false);
static LIMIT: Flag<i64> = Flag::new("limit", 7);

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[test]
fn evaluations_arrive_beside_their_unit_and_are_no_events() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    for way in Way::ALL {
        let before = told(&receiver).received().len();
        let requests = receiver.requests().len();
        let flags = MemoryFlags::new().with("new_cart", true).with("limit", "many");
        let builder = PipelineBuilder::new(Process::new("b1").service("shop", "1.0.0"))
            .flags(flags)
            .export_to(way.to(&receiver).signals(Signals::Logs))
            .on_diagnostic(|_| ());
        let pipeline = TestPipeline::start(builder).unwrap();
        let page = || {
            pipeline.run(|| {
                WideEvent::builder("page").run(|| assert!(NEW_CART.get() && LIMIT.get() == 7));
            });
            pipeline.flush(WATCHDOG);
            let stats = pipeline.stats().destinations.swap_remove(0);
            (stats.delivered, stats.rejected)
        };
        assert_eq!(page(), (1, 0), "{way:?}");
        let received = told(&receiver).received().split_off(before);
        let names: Vec<_> = received.iter().map(|item| item.text("/event_name")).collect();
        assert_eq!(names, ["page", "feature_flag.evaluation", "feature_flag.evaluation"]);
        let [unit, cart, limit] = &received[..] else { panic!("{received:#?}") };
        for evaluation in [cart, limit] {
            assert_eq!(evaluation.text("/trace_id"), unit.text("/trace_id"));
            assert_eq!(evaluation.text("/span_id"), unit.text("/span_id"));
            assert_eq!(evaluation.attribute("event_id"), unit.attribute("event_id"));
        }
        assert_eq!(cart.attribute("feature_flag.key"), Some(text("new_cart")));
        assert_eq!(cart.attribute("feature_flag.result.variant"), Some(text("true")));
        assert_eq!(cart.attribute("feature_flag.result.reason"), Some(text("static")));
        assert_eq!(limit.attribute("feature_flag.key"), Some(text("limit")));
        assert_eq!(limit.attribute("feature_flag.result.reason"), Some(text("error")));
        assert_eq!(limit.attribute("error.type"), Some(text("type_mismatch")));

        // Of three records two may be rejected that are no event; the third is one.
        let rejections = [1, 2, 3].map(|rejected| Action::partial(rejected, "no"));
        receiver.plan(way.side(), rejections);
        assert_eq!(page(), (2, 0), "{way:?}");
        assert_eq!(page(), (3, 0), "{way:?}");
        assert_eq!(page(), (3, 1), "{way:?}");
        assert_eq!(told(&receiver).requests().len(), requests + 4, "none is sent again");
    }
}
