//! What figures are held against, and which of them do not hold.

use openbell_benches::measured::Figure;
use serde::Deserialize;

/// The build in which a figure is held against its bound.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Any: a count of allocations, memory, growth with the number of symbols.
    #[default]
    Any,
    /// An optimised one: what one part of the code costs beside another.
    Optimised,
}

/// One figure's bound and aim, as `benches/bounds.json` has them.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The figure's name.
    pub figure: String,
    /// What it should come to; for people.
    pub goal: String,
    /// In which builds it means something.
    #[serde(default)]
    pub needs: Needs,
    /// It must not be less.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// It must not be more.
    #[serde(default)]
    pub at_most: Option<f64>,
    /// Why the bound is where it is.
    pub why: String,
}

impl Bound {
    /// Whether a figure is held against it; of times only goals are shown.
    pub fn binds(&self) -> bool {
        self.at_least.is_some() || self.at_most.is_some()
    }

    fn holds(&self, value: f64) -> bool {
        self.at_least.is_none_or(|bound| value >= bound)
            && self.at_most.is_none_or(|bound| value <= bound)
    }

    /// The bound in words.
    pub fn words(&self) -> String {
        match (self.at_least, self.at_most) {
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (None, None) => String::new(),
        }
    }
}

/// The bounds of the repository.
///
/// # Errors
///
/// A file that is no list of bounds.
pub fn read(text: &str) -> Result<Vec<Bound>, serde_json::Error> {
    serde_json::from_str(text)
}

/// What is wrong in a build that `is_optimised` or not: figures outside their bound, figures without
/// one, binding bounds that nothing was held against.
pub fn broken(bounds: &[Bound], figures: &[Figure], is_optimised: bool) -> Vec<String> {
    let mut broken = Vec::new();
    for figure in figures {
        match bounds.iter().find(|bound| bound.figure == figure.name) {
            None => broken.push(format!("{:?} has no bound in benches/bounds.json", figure.name)),
            Some(bound) if !bound.holds(figure.value) => broken.push(format!(
                "{:?} is {:.3}, bound {}: {}",
                figure.name,
                figure.value,
                bound.words(),
                bound.why
            )),
            Some(_) => {}
        }
    }
    let is_measured = |bound: &Bound| figures.iter().any(|figure| figure.name == bound.figure);
    let is_due = |bound: &&Bound| bound.binds() && (is_optimised || bound.needs == Needs::Any);
    for bound in bounds.iter().filter(|bound| is_due(bound) && !is_measured(bound)) {
        broken.push(format!("nothing was measured for the bound of {:?}", bound.figure));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"[
        {"figure": "a ratio", "needs": "optimised", "goal": "0.85", "at_least": 0.4, "why": "it was 0.7"},
        {"figure": "allocations", "goal": "0", "at_most": 0, "why": "none is needed"},
        {"figure": "a time", "goal": "2 ns", "why": "of this machine"}
    ]"#;

    fn found(figures: &[(&'static str, f64)]) -> Vec<String> {
        let figures: Vec<Figure> =
            figures.iter().map(|&(name, value)| Figure { name, value }).collect();
        broken(&read(TEXT).expect("bounds"), &figures, true)
    }

    #[test]
    fn figures_within_their_bounds_are_silent_and_times_bind_nobody() {
        assert_eq!(found(&[("a ratio", 0.4), ("allocations", 0.0)]), [""; 0]);
        assert_eq!(found(&[("a ratio", 0.9), ("allocations", 0.0), ("a time", 1e9)]), [""; 0]);
    }

    #[test]
    fn a_figure_outside_its_bound_is_reported_with_the_reason_of_the_bound() {
        assert_eq!(
            found(&[("a ratio", 0.35), ("allocations", 0.001)]),
            [
                "\"a ratio\" is 0.350, bound at least 0.4: it was 0.7",
                "\"allocations\" is 0.001, bound at most 0: none is needed"
            ]
        );
        assert_eq!(found(&[("a ratio", f64::NAN), ("allocations", 0.0)]).len(), 1);
    }

    #[test]
    fn a_bound_that_nothing_is_held_against_and_a_figure_without_one_are_reported() {
        assert_eq!(
            found(&[("a ratio", 0.9), ("another", 1.0)]),
            [
                "\"another\" has no bound in benches/bounds.json",
                "nothing was measured for the bound of \"allocations\""
            ]
        );
    }

    #[test]
    fn a_build_that_is_not_optimised_need_not_measure_ratios() {
        let bounds = read(TEXT).expect("bounds");
        let allocations = [Figure { name: "allocations", value: 0.0 }];
        assert_eq!(broken(&bounds, &allocations, false), [""; 0]);
        assert_eq!(broken(&bounds, &allocations, true).len(), 1);
        assert_eq!(broken(&bounds, &[], false).len(), 1);
    }

    #[test]
    fn the_bounds_of_the_repository_can_be_read_and_are_named_once() {
        let bounds = read(include_str!("../../../bounds.json")).expect("bounds");
        for (i, bound) in bounds.iter().enumerate() {
            assert!(bounds[..i].iter().all(|earlier| earlier.figure != bound.figure), "{bound:?}");
            assert!(!bound.why.is_empty() && !bound.goal.is_empty(), "{bound:?}");
        }
        assert!(bounds.iter().any(Bound::binds));
    }
}
