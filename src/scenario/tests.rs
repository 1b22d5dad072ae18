//! Whole files: what is read, what is refused and in which words.

use super::*;

fn metrics() -> [&'static str; 3] {
    ["messages_sent", "display_error_relative", "bytes_sent"]
}
fn no_data(_: &str) -> io::Result<Vec<u8>> {
    Err(io::Error::new(io::ErrorKind::NotFound, "no such file"))
}
fn read_text(text: &str) -> Result<Scenario, Vec<Problem>> {
    let input = Input { file: "a.yaml", bytes: text.as_bytes(), stem: None, data: &no_data };
    parse(&input, &[], &metrics())
}
#[test]
fn the_example_is_valid() {
    match read_text(&example("example")) {
        Ok(s) => println!("{}\n{}", s.resolved, s.hash),
        Err(p) => for p in p { println!("{p}"); }
    }
    println!("{}", schema());
}
