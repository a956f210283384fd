//! Whether the spans that arrived are the checkouts.

use ode_benches::cart::Cart;
use ode_benches::process::BUILD_ID;
use ode_benches::side::{Measure, Side};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::sink;

/// Measures what sends spans to this process's sink: after how many events to flush, and whether it
/// sends the event's id, outcome and build, too.
pub(crate) fn through_sink(
    measure: impl Measure,
    (every, automatic): (usize, bool),
    record: impl FnMut(&Cart),
    flush: impl FnMut(),
) -> f64 {
    let checked = |record_all: &mut dyn FnMut(), carts: &[Cart]| {
        sink::kept();
        record_all();
        check(&sink::kept(), carts, automatic);
    };
    let (arrived, check) = (&sink::arrived, Some(&checked as _));
    measure.measure(Side { record, flush, every, arrived, check })
}

pub(crate) fn check(requests: &[Vec<u8>], carts: &[Cart], automatic: bool) {
    let decoded = |request: &Vec<u8>| ExportTraceServiceRequest::decode(&**request);
    let requests: Vec<_> = requests.iter().map(decoded).collect::<Result<_, _>>().expect("OTLP");
    let resources = requests.iter().flat_map(|request| &request.resource_spans);
    let spans = resources.flat_map(|resource| &resource.scope_spans).flat_map(|scope| &scope.spans);
    let spans: Vec<_> = spans.collect();
    assert_eq!(spans.len(), carts.len(), "spans");
    for cart in carts {
        let id = |span: &&&Span| shown(span, "cart.id").as_ref() == Some(&cart.id);
        let span = spans.iter().find(id).expect("a span of each cart");
        assert_eq!(span.name, "cart.checkout");
        assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8), "ids");
        assert!(span.start_time_unix_nano > 0, "begun");
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano, "ended");
        for (key, value) in expected(cart) {
            assert_eq!(shown(span, key).as_deref(), Some(value.as_str()), "{key} of {span:?}");
        }
        if automatic {
            assert_eq!(span.attributes.len(), 27, "nothing else in {span:?}");
            assert_eq!(shown(span, "event_id").map(|id| id.len()), Some(36), "a UUID");
            assert_eq!(shown(span, "outcome").as_deref(), Some("ok"));
            assert_eq!(shown(span, "build_id").as_deref(), Some(BUILD_ID));
        } else {
            assert_eq!(span.attributes.len(), 24, "nothing else in {span:?}");
        }
    }
}

/// An attribute; a peer may have made text of numbers.
fn shown(span: &Span, key: &str) -> Option<String> {
    let mut found = span.attributes.iter().filter(|attribute| attribute.key == key);
    let value = found.next()?.value.as_ref()?.value.as_ref()?;
    assert!(found.next().is_none(), "{key} is there once");
    Some(match value {
        Value::StringValue(text) => text.clone(),
        Value::BoolValue(value) => value.to_string(),
        Value::IntValue(value) => value.to_string(),
        Value::DoubleValue(value) => text_of(*value),
        other => format!("{other:?}"),
    })
}

pub(crate) fn expected(cart: &Cart) -> [(&'static str, String); 24] {
    [
        ("cart.id", cart.id.clone()),
        ("user.id", cart.user.clone()),
        ("user.country", cart.country.clone()),
        ("user.returning", cart.returning.to_string()),
        ("http.route", "POST /cart/{id}/checkout".to_owned()),
        ("http.version", "1.1".to_owned()),
        ("cart.items", cart.items.to_string()),
        ("cart.total_cents", cart.total_cents.to_string()),
        ("price.currency", cart.currency.clone()),
        ("price.coupon", cart.coupon.clone()),
        ("price.rate", text_of(cart.rate)),
        ("price.discount", text_of(cart.discount)),
        ("price.model", "v3-gradient".to_owned()),
        ("risk.score", text_of(cart.risk)),
        ("risk.blocked", "false".to_owned()),
        ("ship.weight_g", cart.weight.to_string()),
        ("ship.shard", cart.shard.clone()),
        ("ship.parcels", "2".to_owned()),
        ("order.id", "77123".to_owned()),
        ("order.state", "paid".to_owned()),
        ("order.lines", cart.items.to_string()),
        ("payment.attempts", "1".to_owned()),
        ("payment.captured", "true".to_owned()),
        ("payment.total_cents", cart.total_cents.to_string()),
    ]
}

/// As `ryu` writes it, by which a peer's numbers became text.
fn text_of(value: f64) -> String {
    ryu::Buffer::new().format(value).to_owned()
}
