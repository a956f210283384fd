//! Which records are looked at, by target and level.

use ::tracing::level_filters::LevelFilter;
use ::tracing::{Level, Metadata};
use tracing_core::subscriber::Interest;
use tracing_subscriber::layer::{Context, Filter};

use crate::tracing::spans::is_unit;

/// Which records a [`Layer`](crate::tracing::Layer) looks at; as a per-layer filter, what
/// [`Layer::filtered`](crate::tracing::Layer::filtered) adds.
///
/// A target that begins with that of a rule goes by the rule with the longest one; without such a
/// rule, by the level for the rest.
#[derive(Clone, Debug)]
pub struct Rules {
    rest: LevelFilter,
    /// The longest target first.
    targets: Vec<(String, LevelFilter)>,
    /// The most that any rule lets through.
    max: LevelFilter,
}

impl Rules {
    pub(super) fn new(rest: LevelFilter) -> Self {
        Self { rest, targets: Vec::new(), max: rest }
    }

    pub(super) fn set_rest(&mut self, level: LevelFilter) {
        self.rest = level;
        self.find_max();
    }

    pub(super) fn set_target(&mut self, target: String, level: LevelFilter) {
        self.targets.retain(|(known, _)| *known != target);
        let longer = self.targets.partition_point(|(known, _)| known.len() >= target.len());
        self.targets.insert(longer, (target, level));
        self.find_max();
    }

    fn find_max(&mut self) {
        let levels = self.targets.iter().map(|(_, level)| *level);
        self.max = levels.fold(self.rest, Ord::max);
    }

    /// Whether records of this level and target are looked at.
    #[inline]
    pub(super) fn allow(&self, level: Level, target: &str) -> bool {
        if level > self.max {
            return false;
        }
        let rule = self.targets.iter().find(|(known, _)| target.starts_with(known.as_str()));
        level <= rule.map_or(self.rest, |(_, level)| *level)
    }

    /// Whether a callsite is looked at. A record of the `log` crate says only later where it is
    /// from, but it is no callsite: what asks here has its real target.
    fn allow_callsite(&self, metadata: &Metadata<'_>) -> bool {
        !is_unit(metadata) && self.allow(*metadata.level(), metadata.target())
    }
}

impl<S> Filter<S> for Rules {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.allow_callsite(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.allow_callsite(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_target_decides() {
        let mut rules = Rules::new(LevelFilter::INFO);
        rules.set_target("hyper".into(), LevelFilter::WARN);
        rules.set_target("hyper::proto".into(), LevelFilter::TRACE);
        rules.set_target("noise".into(), LevelFilter::OFF);
        for (level, target, allowed) in [
            (Level::INFO, "shop", true),
            (Level::DEBUG, "shop", false),
            (Level::INFO, "hyper", false),
            (Level::WARN, "hyper::client", true),
            (Level::WARN, "hyper_util", true),
            (Level::TRACE, "hyper::proto::h1", true),
            (Level::ERROR, "noise", false),
        ] {
            assert_eq!(rules.allow(level, target), allowed, "{level} {target}");
        }
    }

    #[test]
    fn the_hint_is_the_most_that_a_rule_lets_through() {
        let hint = |rules: &Rules| Filter::<()>::max_level_hint(rules);
        let mut rules = Rules::new(LevelFilter::INFO);
        assert_eq!(hint(&rules), Some(LevelFilter::INFO));
        rules.set_rest(LevelFilter::ERROR);
        assert_eq!(hint(&rules), Some(LevelFilter::ERROR));
        rules.set_target("a".into(), LevelFilter::TRACE);
        assert_eq!(hint(&rules), Some(LevelFilter::TRACE));
        rules.set_target("a".into(), LevelFilter::WARN);
        assert_eq!(hint(&rules), Some(LevelFilter::WARN));
    }
}
