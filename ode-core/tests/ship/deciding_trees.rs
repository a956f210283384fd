//! The rules of deciding, over trees of units that nobody thought of: what a model says, units do.

#![expect(clippy::indexing_slicing, reason = "a model that is wrong is a test that fails")]

use std::slice::Iter;

use ode_core::testing::Capture;
use ode_core::{
    EventHandle, Flag, MemoryFlags, Stage, WideEvent, change, current, force_dry_run, kill, revive,
    stage,
};
use proptest::collection::vec;
use proptest::prelude::*;

change!(Leaf = "leaf");
static COLOUR: Flag<i64> = Flag::new("colour", -1);

#[derive(Clone, Debug)]
enum Step {
    /// Opens a unit below the current one.
    Open,
    Close,
    SetStage(Stage),
    SetColour(i64),
    /// Asks for the stage, so many units further up.
    Stage(usize),
    Colour(usize),
    ForceDryRun(usize),
    Kill,
    Revive,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let stage = prop::sample::select(&Stage::ALL[..]);
    // Mostly here, sometimes in a unit further up.
    let up = prop_oneof![4 => Just(0_usize), 1 => 0_usize..4];
    let step = prop_oneof![
        4 => Just(Step::Open),
        2 => Just(Step::Close),
        3 => stage.prop_map(Step::SetStage),
        2 => (0_i64..9).prop_map(Step::SetColour),
        8 => up.clone().prop_map(Step::Stage),
        5 => up.clone().prop_map(Step::Colour),
        1 => up.prop_map(Step::ForceDryRun),
        1 => Just(Step::Kill),
        2 => Just(Step::Revive),
    ];
    vec(step, 1..60)
}

/// One unit, as the rules see it.
#[derive(Default)]
struct Unit {
    stage: Option<Stage>,
    /// What the flag of the stage was when it was first asked.
    flag: Option<Stage>,
    colour: Option<i64>,
    dry: bool,
}

struct World {
    flags: MemoryFlags,
    stage: Stage,
    colour: i64,
    killed: bool,
    /// The units that are open, outermost first, and the way to each.
    units: Vec<Unit>,
    handles: Vec<EventHandle>,
}

impl World {
    fn play(&mut self, steps: &mut Iter<'_, Step>) {
        self.units.push(Unit::default());
        self.handles.push(current().handle());
        while let Some(step) = steps.next() {
            match *step {
                Step::Open if self.units.len() < 6 => {
                    WideEvent::builder("below").run(|| self.play(steps));
                }
                Step::Close if self.units.len() > 1 => break,
                Step::Open | Step::Close => {}
                Step::SetStage(stage) => {
                    self.flags.set("leaf", stage);
                    self.stage = stage;
                }
                Step::SetColour(colour) => {
                    self.flags.set("colour", colour);
                    self.colour = colour;
                }
                Step::Stage(up) => {
                    let found = self.at(up, stage::<Leaf>);
                    assert_eq!(found, self.stage_of(up), "the stage {up} up");
                }
                Step::Colour(up) => {
                    let found = self.at(up, || COLOUR.get());
                    assert_eq!(found, self.colour_of(up), "the colour {up} up");
                }
                Step::ForceDryRun(up) => {
                    self.at(up, force_dry_run);
                    let at = self.index(up);
                    self.units[at].dry = true;
                }
                Step::Kill => {
                    kill("leaf", "test");
                    self.killed = true;
                }
                Step::Revive => {
                    revive("leaf", "test");
                    self.killed = false;
                }
            }
            self.laws();
        }
        self.units.pop();
        self.handles.pop();
    }

    fn index(&self, up: usize) -> usize {
        self.units.len().saturating_sub(up + 1)
    }

    fn at<R>(&self, up: usize, f: impl FnOnce() -> R) -> R {
        let at = self.index(up);
        if at + 1 == self.units.len() { f() } else { self.handles[at].run(f) }
    }

    /// The nearest answer on the way up, or a new one; from then on it is this unit's.
    fn first<T: Copy>(&mut self, at: usize, of: fn(&mut Unit) -> &mut Option<T>, new: T) -> T {
        let known = self.units[..=at].iter_mut().rev().find_map(|unit| *of(unit));
        *of(&mut self.units[at]).insert(known.unwrap_or(new))
    }

    fn colour_of(&mut self, up: usize) -> i64 {
        let (at, new) = (self.index(up), self.colour);
        self.first(at, |unit| &mut unit.colour, new)
    }

    fn stage_of(&mut self, up: usize) -> Stage {
        let at = self.index(up);
        let dry = self.units[..=at].iter().any(|unit| unit.dry);
        let withheld = self.units[..at].iter().rev().filter_map(|unit| unit.stage);
        let withheld = withheld.into_iter().find(|stage| !stage.acts());
        let stage = match self.units[at].stage {
            Some(_) | None if self.killed => Stage::Off,
            Some(stage) if stage.acts() && dry => Stage::DryRun,
            Some(stage) => stage,
            None if dry => Stage::DryRun,
            None => {
                let new = self.stage;
                let asked = self.first(at, |unit| &mut unit.flag, new);
                if asked.acts() { withheld.unwrap_or(asked) } else { asked }
            }
        };
        self.units[at].stage = Some(stage);
        stage
    }

    /// What no sequence of steps may break, by what the units themselves say: no unit acts that is
    /// killed, told not to, or opened in one that had withheld when it decided.
    fn laws(&mut self) {
        for up in 0..self.units.len() {
            if self.units[self.index(up)].stage.is_none() {
                continue;
            }
            let found = self.at(up, stage::<Leaf>);
            assert_eq!(found, self.stage_of(up), "again, {up} up");
            let dry = self.units[..=self.index(up)].iter().any(|unit| unit.dry);
            assert!(!found.acts() || !self.killed && !dry, "{found} {up} up");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn units_decide_as_the_model_does(steps in steps()) {
        let flags = MemoryFlags::new().with("leaf", Stage::Live).with("colour", 0_i64);
        let capture = Capture::builder().flags(flags.clone()).strict().start();
        let mut world = World {
            flags,
            stage: Stage::Live,
            colour: 0,
            killed: false,
            units: Vec::new(),
            handles: Vec::new(),
        };
        WideEvent::builder("root").run(|| world.play(&mut steps.iter()));
        drop(capture);
    }
}
