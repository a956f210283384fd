//! Figures taken in processes of their own, in interleaved rounds, and tables of them.

use std::process::Command;

use crate::measure::median;

/// What can be measured in a child process, by name; the argument is how many units.
pub type Figure = (&'static str, fn(usize) -> f64);

/// Runs the child's part if this process is a child: measures one figure and prints it. `false` if
/// it is not.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub fn was_child(figures: &[Figure]) -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let ["figure", name, units] =
        *arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
    else {
        return false;
    };
    let units = units.parse().expect("a number of units");
    let (_, measure) = figures.iter().find(|(known, _)| *known == name).expect("a known figure");
    println!("{}", measure(units));
    true
}

/// Every figure of every round.
#[derive(Debug)]
pub struct Rounds {
    names: Vec<&'static str>,
    figures: Vec<Vec<f64>>,
}

impl Rounds {
    /// Takes each figure once a round, one process after the other.
    pub fn take(figures: &[Figure], rounds: usize, units: usize) -> Self {
        let names: Vec<_> = figures.iter().map(|(name, _)| *name).collect();
        let mut taken: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
        for _ in 0..rounds {
            for (figures, name) in taken.iter_mut().zip(&names) {
                figures.push(child(name, units));
            }
        }
        Self { names, figures: taken }
    }

    /// A figure, round by round.
    pub fn of(&self, name: &str) -> &[f64] {
        let at = self.names.iter().position(|known| *known == name).expect("a known figure");
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
pub fn instructions(name: &str, few: u32, many: u32) -> Option<f64> {
    let counted = callgrind(name, many as usize)? - callgrind(name, few as usize)?;
    Some(counted / f64::from(many - few))
}

/// Instructions over all threads of a child that measures a figure. `None` without valgrind.
pub fn callgrind(name: &str, units: usize) -> Option<f64> {
    let this = std::env::current_exe().expect("the bench knows itself");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args(["figure", name, &units.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next().and_then(|count| count.parse().ok())
}
