//! Where events go: what the code names, what the environment adds, and what is left out.

use std::io::IsTerminal;

use ode_core::{Queue, SetupError};
use ode_exporters::{JsonLines, Pretty};

use crate::environment::{Environment, Output};
use crate::opentelemetry_environment::OpenTelemetry;

/// The destinations, and what there is to say about them.
pub(crate) struct Destinations {
    pub(crate) queues: Vec<Queue>,
    pub(crate) warnings: Vec<String>,
}

/// Puts the destinations together.
///
/// What the code names stays. A receiver of OTLP that the environment names comes beside it, unless
/// the code names one, and takes the place of the default destination. `OTEL_SDK_DISABLED` takes out
/// everything that speaks OpenTelemetry.
pub(crate) fn choose(
    named: Vec<Queue>,
    share: Option<f64>,
    environment: &Environment,
    mut opentelemetry: OpenTelemetry,
) -> Result<Destinations, SetupError> {
    let mut warnings = std::mem::take(&mut opentelemetry.warnings);
    let share = share.or(environment.sample);
    let sampled = |queue: Queue, share: Option<f64>| match share {
        Some(share) => queue.sample_by_default(share),
        None => queue,
    };

    let is_named = !named.is_empty();
    let (disabled, mut queues): (Vec<Queue>, Vec<Queue>) =
        named.into_iter().partition(|queue| opentelemetry.disabled && queue.is_of_opentelemetry());
    let names_otlp = queues.iter().any(Queue::is_of_opentelemetry);
    let mut from_environment = None;
    if !names_otlp && environment.output != Output::None {
        let own_share = share.or(opentelemetry.sample);
        from_environment =
            opentelemetry.take_queue()?.map(|queue| sampled(environment.bound(queue), own_share));
    }
    if opentelemetry.disabled && (opentelemetry.is_configured || !disabled.is_empty()) {
        warnings.push(DISABLED.to_owned());
    }
    let replaces_default = from_environment.is_some() && environment.output == Output::Auto;
    if !is_named && !replaces_default {
        queues.extend(default_queue(environment)?);
    }
    let mut queues: Vec<Queue> = queues.into_iter().map(|queue| sampled(queue, share)).collect();
    queues.extend(from_environment);
    Ok(Destinations { queues, warnings })
}

const DISABLED: &str = "OTEL_SDK_DISABLED is set: nothing is sent by OTLP or an OpenTelemetry SDK";

fn default_queue(environment: &Environment) -> Result<Option<Queue>, SetupError> {
    let pretty = || {
        let pretty = Pretty::stdout();
        if environment.no_colour { pretty.colour(false) } else { pretty }
    };
    let queue = match &environment.output {
        Output::None => return Ok(None),
        Output::Auto if std::io::stdout().is_terminal() => Queue::new(pretty()),
        Output::Pretty => Queue::new(pretty()),
        Output::Auto | Output::Stdout => Queue::new(JsonLines::stdout()),
        Output::File(path) => {
            let refused = |error| SetupError::destination(path.display().to_string(), error);
            let file = JsonLines::file(path).map_err(refused)?;
            Queue::new(match environment.rotation() {
                Some(rotation) => file.rotate(rotation),
                None => file,
            })
        }
    };
    Ok(Some(environment.bound(queue)))
}
