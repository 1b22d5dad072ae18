//! Untrusted text made harmless for its reader: a terminal, a log that takes lines for commands, or Markdown.
//!
//! What is not seen, or changes how the rest is seen, is written as its number: control characters, marks of direction, spaces
//! of no width.

use std::borrow::Cow;
use std::fmt::Write;

/// Text of several lines: line ends and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_unseen(c) && !matches!(c, '\n' | '\t'), |c| c.escape_unicode().to_string())
}

/// Text on one line.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unseen, |c| c.escape_unicode().to_string())
}

/// JSON, whose strings may hold what is not seen: as JSON escapes it. Line ends and tabs are white space between its parts.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    let escape = |c: char| {
        let mut units = [0; 2];
        c.encode_utf16(&mut units).iter().fold(String::new(), |mut out, unit| {
            write!(out, "\\u{unit:04x}").expect("a string takes everything");
            out
        })
    };
    escaped(json, |c| is_unseen(c) && !matches!(c, '\n' | '\t'), escape)
}

/// Text on one line that Markdown shows as it is. Letters and digits around a `_` keep it as it is, as Markdown does.
pub fn markdown(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_inside = before.is_alphanumeric() && rest.peek().is_some_and(|after| after.is_alphanumeric());
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '|' | '`' | '*' | '[' | ']' | '~' | '$' => out.extend(['\\', c]),
            '_' if !is_inside => out.extend(['\\', c]),
            // what follows would become a link
            ':' if rest.clone().take(2).eq(['/', '/']) => out.extend(['\\', c]),
            '.' if out.to_lowercase().ends_with("www") => out.extend(['\\', c]),
            _ => out.push(c),
        }
        before = c;
    }
    out
}

fn escaped(text: &str, is_wrong: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(&is_wrong) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_wrong(c) {
            true => out.push_str(&escape(c)),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character is not seen, or changes what is seen.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_written_out() {
        assert_eq!(visible("a\u{1b}[31m\u{7f}\u{9b}\r\n\tb"), "a\\u{1b}[31m\\u{7f}\\u{9b}\\u{d}\n\tb");
        assert_eq!(one_line("a\n::error::b\u{202e}"), "a\\u{a}::error::b\\u{202e}");
        assert_eq!(visible_json("{\n\"a\": \"\u{7f}\u{e0041}\"}"), "{\n\"a\": \"\\u007f\\udb40\\udc41\"}");
        assert!(matches!(visible("plain ±5 ≠ ü"), Cow::Borrowed(_)));
    }

    #[test]
    fn markdown_shows_text_and_nothing_else() {
        assert_eq!(markdown("bytes_sent -> 5"), "bytes_sent -&gt; 5");
        assert_eq!(
            markdown("_a_ *b* `c` a|b <img> &lt; [x](y) ~~z~~ \\"),
            "\\_a\\_ \\*b\\* \\`c\\` a\\|b &lt;img&gt; &amp;lt; \\[x\\](y) \\~\\~z\\~\\~ \\\\"
        );
        assert_eq!(
            markdown("https://a.example www.b.example a: b"),
            "https\\://a.example www\\.b.example a: b"
        );
        assert_eq!(markdown("a\nb"), "a\\\\u{a}b");
    }
}
