//! The commented example that `fedisim init` writes: a scenario that is valid as it stands.

/// The example, under another name.
pub fn example(name: &str) -> String {
    include_str!("example.yaml").replacen("name: example", &format!("name: {name}"), 1)
}
