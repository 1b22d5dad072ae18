//! The language in which the file format is described: what a value may be, as data.
//!
//! One description (`format`) serves three readers: the check with its messages and defaults (`check`), the paths of
//! `--set` (`set`) and the JSON Schema for editors (`schema`). Nothing here knows a key of the format.

use crate::foundation::text::one_line;
use crate::foundation::units::Span;
use crate::scenario::instant::Instant;
use crate::scenario::quantity;
use crate::scenario::tree::{self, Node};

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Text of a form.
    Text(Form),
    /// A whole number within bounds.
    Integer { min: u64, max: u64 },
    /// A finite number within bounds.
    Number { min: f64, max: f64 },
    /// A time within bounds, in whole steps.
    Span { min: Span, max: Span, step: Span },
    /// A share up to a bound in millionths: `2 %` or 0.02.
    Share { max_ppm: u32 },
    /// A rate up to a bound per second: `2 /s`.
    Rate { max_per_s: f64 },
    /// A size up to a bound in bytes: `12 MB`.
    Bytes { max: u64 },
    /// A bit rate above 0, up to a bound in bits per second: `100 Mbit/s`.
    BitRate { max_per_s: u64 },
    /// One of some words.
    Words(Vec<Word>),
    /// A list.
    List { of: Box<Shape>, min: usize, max: usize },
    /// A mapping from names of the user's, with entries that are there unless the user gives others.
    Names { form: Form, of: Box<Shape>, min: usize, max: usize, given: Vec<(&'static str, Node)> },
    /// A mapping with fixed keys.
    Record(Vec<Field>),
    /// Exactly one of several cases.
    OneOf(Vec<Case>),
}

/// A word and its meaning.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
}

/// One key of a record.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) shape: Shape,
    pub(crate) default: Default,
}

/// What holds when a key is not there.
#[derive(Debug)]
pub(crate) enum Default {
    /// That is a mistake.
    Required,
    /// Nothing: the key stays absent.
    Absent,
    /// This value, written as in the file.
    Given(Node),
}

/// One case of several.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) arm: Arm,
}

/// How a case is written.
#[derive(Debug)]
pub(crate) enum Arm {
    /// As its name alone.
    Word,
    /// As a mapping with its name as the only key.
    Keyed(Shape),
    /// As a record that has its name among its keys.
    Marked(Shape),
    /// As the value itself; at most one such case per kind of node.
    Plain(Shape),
}

/// The forms of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A name of the user's that may become a file name or a host name.
    Name,
    /// A name that numbers are appended to.
    GroupName,
    /// A name of an instance, which may be its host, or of a group.
    InstanceName,
    /// A name of a protocol, which may hold dots.
    ProtocolName,
    /// The name of a person.
    PersonName,
    /// A share of all.
    Share,
    /// A region.
    Region,
    /// Two regions.
    RegionPair,
    /// A column of a table.
    ColumnName,
    /// A host, perhaps with a port; `{n}` and `{name}` stand for an instance's number and name.
    Host,
    /// The URL of a peer: no name is looked up to reach it.
    PeerUrl,
    /// A file beside the scenario.
    DataPath,
    /// A file as seen from another, which may be above it.
    FilePath,
    /// The hash of a file.
    Sha256,
    /// A time as in a data file.
    Instant,
    /// A version number.
    Version,
    /// A metric; which ones there are is not for the format to say.
    Metric,
    /// Keys with dots between, as in `--set`.
    Path,
    /// A value as text, as behind the `=` of `--set`.
    Setting,
    /// Anything for people to read.
    Prose,
}

impl Form {
    /// What it is, for messages.
    pub(crate) fn expects(self) -> &'static str {
        match self {
            Form::Name => "a name: 1 to 63 of a-z, 0-9 and `-`, a letter or digit first",
            Form::GroupName => "a name: 1 to 56 of a-z, 0-9 and `-`, a letter or digit first",
            Form::InstanceName => {
                "the name of an instance or group: 1 to 253 of a-z, 0-9, `-` and `.`, a letter or digit first"
            }
            Form::ProtocolName => "a name: 1 to 63 of a-z, 0-9, `-` and `.`, a letter or digit first",
            Form::PersonName => {
                "a name: 1 to 63 of letters, digits, `-`, `_` and `.`, a letter or digit first"
            }
            Form::Share => "a share from 0 % to 100 %, such as `50 %`",
            Form::Region => {
                "a place: 1 to 64 characters that are seen, such as `de`, `eu-central-1` or `New York`"
            }
            Form::ColumnName => "the name of a column: 1 to 64 characters that are seen",
            Form::RegionPair => "two places with `-` between, such as `de-fr`",
            Form::Host => "a host, such as `{name}.example` or `127.0.0.1:90{n}`",
            Form::PeerUrl => "a URL with an IP address and a port, such as `http://127.0.0.1:9000/inbox`",
            Form::DataPath => {
                "a file in the scenario's folder or below: letters, digits, `-`, `_` and `.` between `/`, no `..`"
            }
            Form::FilePath => "a file as seen from this one, such as `viral.yaml` or `../viral.yaml`",
            Form::Sha256 => "a SHA-256 of 64 digits of 0-9 and a-f",
            Form::Instant => {
                "a time as in the file: seconds such as `12.5`, or an instant such as `2020-08-09T13:16:51Z`"
            }
            Form::Version => "a version number, such as `6.3.0`",
            Form::Metric => "the name of a metric: a-z, 0-9 and `_`",
            Form::Path => "keys with a dot between, such as `network.loss`",
            Form::Setting => "a value as behind the `=` of `--set`, of 1 to 1000 characters",
            Form::Prose => "text of 1 to 10000 characters without control characters",
        }
    }

    /// The same as a regular expression, for editors.
    pub(crate) fn pattern(self) -> &'static str {
        match self {
            Form::Name => "^[a-z0-9][a-z0-9-]{0,62}$",
            Form::GroupName => "^[a-z0-9][a-z0-9-]{0,55}$",
            Form::InstanceName => "^[a-z0-9][a-z0-9.-]{0,252}$",
            Form::ProtocolName => "^[a-z0-9][a-z0-9.-]{0,62}$",
            Form::PersonName => "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
            Form::Share => "^[0-9]+(\\.[0-9]+)? ?%?$",
            Form::Region | Form::ColumnName => "^\\S(.{0,62}\\S)?$",
            Form::RegionPair => "^\\S.{0,127}\\S$",
            Form::Host => "^[a-z0-9{][a-z0-9.:{}-]{0,252}$",
            Form::PeerUrl => {
                "^http://([0-9.]{7,15}|\\[[0-9a-f:.]{2,45}\\]):[1-9][0-9]{0,4}/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$"
            }
            Form::DataPath => "^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$",
            Form::FilePath => "^(\\.\\./){0,9}[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$",
            Form::Sha256 => "^[0-9a-f]{64}$",
            Form::Instant => {
                "^(-?[0-9]+(\\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}.[0-9:.]{8,}([Zz]|[+-][0-9:]{5}))$"
            }
            Form::Version => "^[0-9][0-9A-Za-z.-]{0,31}$",
            Form::Metric => "^[a-z][a-z0-9_]{0,62}$",
            Form::Path => "^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*$",
            Form::Setting | Form::Prose => "",
        }
    }

    /// Whether text has this form.
    pub(crate) fn fits(self, text: &str) -> bool {
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let made_of = |text: &str, max: usize, first: fn(u8) -> bool, rest: &str| {
            let others = text.bytes().all(|b| first(b) || rest.as_bytes().contains(&b));
            text.len() <= max && text.bytes().next().is_some_and(first) && others
        };
        let region = |text: &str| {
            let is_whole = !text.is_empty() && text.trim() == text && one_line(text) == text;
            is_whole && !text.contains('\t') && text.chars().take(65).count() <= 64
        };
        match self {
            Form::Name => made_of(text, 63, lower, "-"),
            Form::GroupName => made_of(text, 56, lower, "-"),
            Form::InstanceName => made_of(text, 253, lower, "-."),
            Form::ProtocolName => made_of(text, 63, lower, "-."),
            Form::PersonName => made_of(text, 63, |b| b.is_ascii_alphanumeric(), "-._"),
            Form::Share => quantity::share_ppm(text).is_some_and(|ppm| ppm <= 1_000_000),
            Form::Region | Form::ColumnName => region(text),
            Form::RegionPair => text.split_once('-').is_some_and(|(a, b)| region(a) && region(b)),
            Form::Host => {
                made_of(text, 253, |b| b == b'{' || b.is_ascii_lowercase() || b.is_ascii_digit(), ".:-}")
            }
            Form::PeerUrl => is_peer_url(text),
            Form::DataPath => {
                let first = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
                text.len() <= 255 && text.split('/').all(|part| made_of(part, 255, first, "."))
            }
            Form::FilePath => {
                let above = text.split('/').take_while(|part| *part == "..").count();
                above <= 9 && Form::DataPath.fits(&text[3 * above.min(text.len() / 3)..])
            }
            Form::Sha256 => text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
            Form::Instant => Instant::of(text).is_some(),
            Form::Version => {
                let digit_first = text.bytes().next().is_some_and(|b| b.is_ascii_digit());
                digit_first && made_of(text, 32, |b| b.is_ascii_alphanumeric(), "-.")
            }
            Form::Metric => made_of(text, 63, lower, "_") && !text.as_bytes()[0].is_ascii_digit(),
            Form::Path => {
                let key = |key: &str| {
                    made_of(key, 255, |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-', "")
                };
                text.len() <= 255 && text.split('.').all(key)
            }
            Form::Setting => {
                let length = text.chars().take(1_001).count();
                (1..=1_000).contains(&length) && !text.chars().any(char::is_control) && text.trim() == text
            }
            Form::Prose => {
                let length = text.chars().take(10_001).count();
                (1..=10_000).contains(&length) && !text.chars().any(|c| c.is_control() && c != '\n')
            }
        }
    }
}

/// Whether a URL is `http`, names an IP address and a port above 0, and has a path or a query of characters that may stand there.
fn is_peer_url(text: &str) -> bool {
    let parts = || text.strip_prefix("http://")?.split_once('/');
    let Some((authority, rest)) = parts().filter(|_| text.len() <= 255) else { return false };
    let may_stand = |b: u8| b.is_ascii_alphanumeric() || b"._~!$&'()*+,;=:@%/?-".contains(&b);
    let is_short = |text: &str| !text.starts_with('+') && !text.starts_with('0');
    let Some((_, port)) = authority.rsplit_once(':') else { return false };
    let address = authority.parse::<std::net::SocketAddr>();
    address.is_ok_and(|at| at.port() > 0) && is_short(port) && rest.bytes().all(may_stand)
}

impl Shape {
    /// What is expected, as "... is not {this}".
    pub(crate) fn expects(&self) -> String {
        match self {
            Shape::Text(form) => form.expects().to_owned(),
            Shape::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Shape::Number { min, max } if *max >= 1e15 => format!("a number from {min:e} to {max:e}"),
            Shape::Number { min, max } => format!("a number from {min} to {max}"),
            Shape::Span { min, max, step } => {
                let steps = if step.ns() > 1 { format!(", in whole steps of {step}") } else { String::new() };
                format!("a time with its unit (ns, us, ms, s, min, h, d) from {min} to {max}{steps}")
            }
            Shape::Share { max_ppm } => {
                format!("a share from 0 % to {}, such as `2 %` or 0.02", quantity::share_text(*max_ppm))
            }
            Shape::Rate { max_per_s } => {
                format!("a rate (/s, /min, /h, /d) from 0 /s to {max_per_s} /s, such as `2 /s`")
            }
            Shape::Bytes { max } => {
                format!("a size with its unit (B, kB, MB, GB, TB) up to {}", quantity::bytes_text(*max))
            }
            Shape::BitRate { max_per_s } => {
                let max = quantity::bit_rate_text(*max_per_s);
                format!(
                    "a bit rate (bit/s, kbit/s, Mbit/s, Gbit/s or bps, kbps, Mbps, Gbps) above 0 and up to {max}"
                )
            }
            Shape::Words(words) => {
                let names: Vec<&str> = words.iter().map(|word| word.name).collect();
                format!("one of {}", names.join(", "))
            }
            Shape::List { .. } => "a list".to_owned(),
            Shape::Names { .. } | Shape::Record(_) => "a mapping of keys to values".to_owned(),
            Shape::OneOf(cases) => {
                let ways: Vec<String> = cases.iter().map(Case::way).collect();
                match &ways[..] {
                    [only] => only.clone(),
                    several => format!("one of: {}", several.join(" | ")),
                }
            }
        }
    }
}

impl Case {
    /// How the case is written, for messages.
    pub(crate) fn way(&self) -> String {
        match &self.arm {
            Arm::Word => self.name.to_owned(),
            Arm::Keyed(_) => format!("{{{}: ...}}", self.name),
            Arm::Marked(_) => format!("{{{}: ..., ...}}", self.name),
            Arm::Plain(Shape::Record(fields)) => {
                let keys: Vec<String> = fields.iter().map(|field| format!("{}: ...", field.key)).collect();
                format!("{{{}}}", keys.join(", "))
            }
            Arm::Plain(shape) => shape.expects(),
        }
    }
}

/// A key that must be there.
pub(crate) fn required(key: &'static str, doc: &'static str, shape: Shape) -> Field {
    Field { key, doc, shape, default: Default::Required }
}

/// A key that may be absent.
pub(crate) fn optional(key: &'static str, doc: &'static str, shape: Shape) -> Field {
    Field { key, doc, shape, default: Default::Absent }
}

/// A key with a default if it is absent, written as in a scenario file.
pub(crate) fn with_default(key: &'static str, doc: &'static str, shape: Shape, yaml: &'static str) -> Field {
    Field { key, doc, shape, default: Default::Given(written(yaml)) }
}

/// One of some words.
pub(crate) fn words(words: &[(&'static str, &'static str)]) -> Shape {
    Shape::Words(words.iter().map(|&(name, doc)| Word { name, doc }).collect())
}

/// A list of up to `max` items.
pub(crate) fn list(of: Shape, min: usize, max: usize) -> Shape {
    Shape::List { of: Box::new(of), min, max }
}

/// A mapping from up to `max` names of the user's.
pub(crate) fn names(form: Form, of: Shape, min: usize, max: usize) -> Shape {
    Shape::Names { form, of: Box::new(of), min, max, given: Vec::new() }
}

/// A case.
pub(crate) fn case(name: &'static str, doc: &'static str, arm: Arm) -> Case {
    Case { name, doc, arm }
}

/// YAML text of the format as a tree.
///
/// # Panics
/// When it cannot be read: a mistake in the format.
pub(crate) fn written(yaml: &'static str) -> Node {
    tree::parse(yaml.as_bytes(), 0).expect("defaults of the format are YAML")
}
