//! Candidates of a search: protocols that stand beside, and combinations of choices.

use crate::domain::protocol::Rules;
use crate::scenario::SearchSpace;

/// A combination of choices: for each rule the number of its value, or none where the base's holds.
pub type Point = Vec<Option<usize>>;

/// A protocol that is compared.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its name in records: that of a protocol of ours, or `c` and a number.
    pub name: String,
    /// Its choices; none of a protocol of ours that no combination is equal to.
    pub point: Option<Point>,
    /// Whether it is a protocol of ours, which no scenario need define.
    pub is_ours: bool,
    /// Its rules.
    pub rules: Rules,
}

/// All candidates that a search has met, the baseline first. No two have the same rules, but for protocols of ours.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// By number.
    pub all: Vec<Candidate>,
    /// Combinations that were left out because they contradict themselves, and why.
    pub contradictions: Vec<(Point, &'static str)>,
}

impl Candidates {
    /// The baseline, what stands beside, and the base.
    pub fn new(space: &SearchSpace) -> Candidates {
        let mut all: Vec<Candidate> = Vec::new();
        for name in [&space.baseline].into_iter().chain(&space.beside).chain([&space.base]) {
            if all.iter().all(|known| known.name != *name) {
                let rules = Rules::preset(name).expect("a space names protocols of ours");
                let point = Some(space.nearest(name)).filter(|point| space.rules(point) == Ok(rules));
                all.push(Candidate { name: name.clone(), point, is_ours: true, rules });
            }
        }
        Candidates { all, contradictions: Vec::new() }
    }

    /// The number of a combination, which is new or known; none if it contradicts itself.
    pub fn take(&mut self, space: &SearchSpace, point: Point) -> Option<usize> {
        match space.rules(&point) {
            Err(why) => {
                if self.contradictions.iter().all(|(known, _)| *known != point) {
                    self.contradictions.push((point, why));
                }
                None
            }
            Ok(rules) => Some(self.all.iter().position(|known| known.rules == rules).unwrap_or_else(|| {
                let name = format!("c{}", self.all.len());
                self.all.push(Candidate { name, point: Some(point), is_ours: false, rules });
                self.all.len() - 1
            })),
        }
    }
}

impl Candidate {
    /// The combination from which a search goes on: its own, or the one that is nearest to a protocol of ours.
    pub fn start(&self, space: &SearchSpace) -> Point {
        self.point.clone().unwrap_or_else(|| space.nearest(&self.name))
    }
}

/// Whether a candidate that is no protocol of ours may be called so.
pub(super) fn is_name_of_candidate(name: &str) -> bool {
    name.strip_prefix('c')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The combinations that differ from one in one choice; and in two by one step each, of rules with at least three values in an order:
/// what one step spoils another may mend.
pub(super) fn neighbours(space: &SearchSpace, point: &Point) -> Vec<Point> {
    let mut neighbours = Vec::new();
    for (rule, (_, values)) in space.choices.iter().enumerate() {
        for at in (0..values.len()).filter(|at| point[rule] != Some(*at)) {
            let mut other = point.clone();
            other[rule] = Some(at);
            neighbours.push(other);
        }
    }
    let is_ordered = |rule: &usize| space.choices[*rule].1.len() >= 3;
    let ordered: Vec<usize> = (0..space.choices.len()).filter(is_ordered).collect();
    for (number, &one) in ordered.iter().enumerate() {
        for &another in &ordered[number + 1..] {
            for (of_one, of_another) in steps(space, point, one)
                .flat_map(|first| steps(space, point, another).map(move |second| (first, second)))
            {
                let mut other = point.clone();
                other[one] = Some(of_one);
                other[another] = Some(of_another);
                neighbours.push(other);
            }
        }
    }
    neighbours
}

/// The values beside that of a rule.
fn steps(space: &SearchSpace, point: &Point, rule: usize) -> impl Iterator<Item = usize> {
    let at = point[rule].unwrap_or(0);
    let next = Some(at + 1).filter(|next| *next < space.choices[rule].1.len());
    at.checked_sub(1).into_iter().chain(next)
}
