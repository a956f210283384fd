//! Figures taken in processes of their own, in interleaved rounds, and tables of them.

use std::process::Command;

use crate::measure::{count, median};

/// What can be measured in a child process, by name; the argument is how many units.
pub type Figure = (&'static str, fn(usize) -> f64);

/// Runs the child's part if this process is a child: measures one figure and prints it. `false` if
/// it is not.
pub fn was_child(figures: &[Figure]) -> bool {
    answered(|name, units| {
        let known = figures.iter().find(|(known, _)| *known == name);
        let (_, measure) = known.expect("a known figure");
        measure(units)
    })
}

/// The same where figures are not in a list: they are measured by name.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub fn answered(measure: impl FnOnce(&str, usize) -> f64) -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let ["figure", name, units] =
        *arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
    else {
        return false;
    };
    println!("{}", measure(name, units.parse().expect("a number of units")));
    true
}

/// Every figure of every round.
#[derive(Debug)]
pub struct Rounds {
    names: Vec<String>,
    figures: Vec<Vec<f64>>,
}

impl Rounds {
    /// Takes each figure once a round, one process after the other.
    pub fn take(figures: &[Figure], rounds: usize, units: usize) -> Self {
        let asked = figures.iter().map(|(name, _)| ((*name).to_owned(), units)).collect();
        Self::take_each(asked, rounds)
    }

    /// The same with a number of units for each.
    pub fn take_each(asked: Vec<(String, usize)>, rounds: usize) -> Self {
        let mut figures: Vec<Vec<f64>> = vec![Vec::new(); asked.len()];
        for _ in 0..rounds {
            for (figures, (name, units)) in figures.iter_mut().zip(&asked) {
                figures.push(child(name, *units));
            }
        }
        Self { names: asked.into_iter().map(|(name, _)| name).collect(), figures }
    }

    /// The figures of which a round failed.
    pub fn failed(&self) -> Vec<&str> {
        let figures = self.names.iter().zip(&self.figures);
        let failed = figures.filter(|(_, figures)| figures.iter().any(|figure| figure.is_nan()));
        failed.map(|(name, _)| name.as_str()).collect()
    }

    /// A figure, round by round.
    pub fn of(&self, name: &str) -> &[f64] {
        let at = self.names.iter().position(|known| known == name).expect("a known figure");
        &self.figures[at]
    }

    /// The median of a figure.
    pub fn median(&self, name: &str) -> f64 {
        median(&mut self.of(name).to_vec())
    }

    /// The least of a figure.
    pub fn least(&self, name: &str) -> f64 {
        self.of(name).iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The most of a figure.
    pub fn most(&self, name: &str) -> f64 {
        self.of(name).iter().copied().fold(0.0, f64::max)
    }

    /// The median over the rounds of what is computed from figures of one round.
    pub fn median_of<const N: usize>(
        &self,
        names: [&str; N],
        compute: impl Fn([f64; N]) -> f64,
    ) -> f64 {
        let columns = names.map(|name| self.of(name));
        let rounds = columns.iter().map(|column| column.len()).min().unwrap_or(0);
        let mut computed: Vec<f64> =
            (0..rounds).map(|round| compute(columns.map(|column| column[round]))).collect();
        median(&mut computed)
    }
}

#[expect(clippy::print_stdout, reason = "a bench says what went wrong")]
fn child(name: &str, units: usize) -> f64 {
    let this = std::env::current_exe().expect("the bench knows itself");
    let output = Command::new(this).args(["figure", name, &units.to_string()]).output();
    let output = output.expect("the bench can run itself");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().unwrap_or_else(|_| {
        println!("{name}: {}", String::from_utf8_lossy(&output.stderr));
        f64::NAN
    })
}

/// Instructions per unit over all threads, as callgrind counts them: the difference of two runs, so
/// that starting up does not count. `None` without valgrind.
pub fn instructions(name: &str, few: usize, many: usize) -> Option<f64> {
    // Both at once: what else the machine does is not counted.
    let (less, more) = std::thread::scope(|scope| {
        let less = scope.spawn(|| callgrind(name, few));
        let more = callgrind(name, many);
        (less.join().expect("no panic"), more)
    });
    Some((more? - less?) / count(many - few))
}

/// Instructions over all threads of a child that measures a figure, from where it says that it is
/// measured if it does. `None` without valgrind.
pub fn callgrind(name: &str, units: usize) -> Option<f64> {
    let this = std::env::current_exe().expect("the bench knows itself");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--zero-before=*measure::measured_from*")
        .arg(this)
        .args(["figure", name, &units.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next().and_then(|count| count.parse().ok())
}
