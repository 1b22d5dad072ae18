//! Quantities with their units, read and written exactly: `90 s`, `2 %`, `3 /min`, `12 MB`, `1 Gbit/s`.
//!
//! Times are whole nanoseconds, shares whole millionths, sizes whole bytes, bit rates whole bits per second: a text that means anything between is
//! refused, never rounded. Rates and plain numbers are floats, written so that they read back as the same float.

use crate::foundation::units::Span;

/// The units of time and their nanoseconds.
pub(crate) const TIMES: [(&str, u128); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];
/// The units of size and their bytes.
pub(crate) const SIZES: [(&str, u128); 5] =
    [("B", 1), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000)];
/// The units of bit rates and their bits per second.
pub(crate) const BIT_RATES: [(&str, u128); 4] =
    [("bit/s", 1), ("kbit/s", 1_000), ("Mbit/s", 1_000_000), ("Gbit/s", 1_000_000_000)];
/// The same units as network equipment names them; read, never written.
const BIT_RATES_READ: [(&str, u128); 8] = [
    ("bps", 1),
    ("kbps", 1_000),
    ("Mbps", 1_000_000),
    ("Gbps", 1_000_000_000),
    ("b/s", 1),
    ("kb/s", 1_000),
    ("Mb/s", 1_000_000),
    ("Gb/s", 1_000_000_000),
];
/// The units of rates and their seconds.
pub(crate) const RATES: [(&str, f64); 4] = [("/s", 1.0), ("/min", 60.0), ("/h", 3_600.0), ("/d", 86_400.0)];

/// A time such as `1.5 h`.
pub(crate) fn span(text: &str) -> Option<Span> {
    in_units(text, &TIMES).map(Span::from_ns)
}

/// Seconds without a unit, such as `12.5`.
pub(crate) fn seconds(text: &str) -> Option<Span> {
    exact(text, 1_000_000_000).map(Span::from_ns)
}

/// A size in bytes, such as `12 MB`.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    in_units(text, &SIZES)
}

/// A bit rate in bits per second, such as `100 Mbit/s` or `100 Mbps`.
pub(crate) fn bits_per_s(text: &str) -> Option<u64> {
    in_units(text, &BIT_RATES).or_else(|| in_units(text, &BIT_RATES_READ))
}

/// A share in millionths, from `2 %` or `0.02`.
pub(crate) fn share_ppm(text: &str) -> Option<u32> {
    let ppm = match text.strip_suffix('%') {
        Some(percent) => exact(percent.trim_end_matches(' '), 10_000)?,
        None => exact(text, 1_000_000)?,
    };
    u32::try_from(ppm).ok()
}

/// Whether a share is 1 without `%`, which may be meant as 1 %.
pub(crate) fn is_one_without_unit(text: &str) -> bool {
    !text.ends_with('%') && share_ppm(text) == Some(1_000_000)
}

/// A rate per second, from such as `3 /min`.
pub(crate) fn rate_per_s(text: &str) -> Option<f64> {
    let (number, unit) = split(text);
    let (_, secs) = RATES.iter().find(|(name, _)| *name == unit)?;
    if !is_decimal(number) {
        return None;
    }
    Some(number.parse::<f64>().ok()? / secs)
}

/// A plain number; infinite if it is too large for a float.
pub(crate) fn number(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let exponent = exponent.map_or("0", |text| text.strip_prefix(['-', '+']).unwrap_or(text));
    if !is_decimal(mantissa.strip_prefix('-').unwrap_or(mantissa)) || !all_digits(exponent) {
        return None;
    }
    // adding 0 turns -0 into 0, which would be written differently
    Some(text.parse::<f64>().ok()? + 0.0)
}

/// A whole number in decimal digits.
pub(crate) fn whole(text: &str) -> Option<u64> {
    if all_digits(text) { text.parse().ok() } else { None }
}

/// Writes a share: `2 %`, `0.0001 %`.
pub(crate) fn share_text(ppm: u32) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Writes a size in the largest unit in which it is whole.
pub(crate) fn bytes_text(bytes: u64) -> String {
    in_largest(bytes, &SIZES)
}

/// Writes a bit rate in the largest unit in which it is whole.
pub(crate) fn bit_rate_text(bits_per_s: u64) -> String {
    in_largest(bits_per_s, &BIT_RATES)
}

/// Writes a rate.
pub(crate) fn rate_text(per_s: f64) -> String {
    format!("{per_s} /s")
}

fn in_units(text: &str, units: &[(&str, u128)]) -> Option<u64> {
    let (number, unit) = split(text);
    let (_, size) = units.iter().find(|(name, _)| *name == unit)?;
    exact(number, *size)
}

fn in_largest(amount: u64, units: &[(&str, u128)]) -> String {
    let whole = |&&(_, size): &&(&str, u128)| amount > 0 && u128::from(amount).is_multiple_of(size);
    let (unit, size) = units.iter().rev().find(whole).unwrap_or(&units[0]);
    format!("{} {unit}", u128::from(amount) / size)
}

/// The number and the unit, between which there may be a blank.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.strip_prefix(' ').unwrap_or(unit))
}

/// `number` times `factor`, if that is a whole number.
fn exact(number: &str, factor: u128) -> Option<u64> {
    let (digits, decimals) = decimal(number)?;
    let scale = 10u128.checked_pow(decimals)?;
    let product = digits.checked_mul(factor)?;
    if product.is_multiple_of(scale) { u64::try_from(product / scale).ok() } else { None }
}

/// A decimal number as its digits and how many of them stand behind the point.
fn decimal(text: &str) -> Option<(u128, u32)> {
    let (before, behind) = text.split_once('.').unwrap_or((text, "0"));
    if !is_decimal(text) || text.len() > 30 {
        return None;
    }
    Some((format!("{before}{behind}").parse().ok()?, behind.len() as u32))
}

fn is_decimal(text: &str) -> bool {
    let (before, behind) = text.split_once('.').unwrap_or((text, "0"));
    all_digits(before) && all_digits(behind)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_or_refused() {
        for (text, ns) in [
            ("0 s", Some(0)),
            ("90 s", Some(90_000_000_000)),
            ("1.5 h", Some(5_400_000_000_000)),
            ("1.5h", Some(5_400_000_000_000)),
            ("0.001 us", Some(1)),
            ("0.0001 us", None),
            ("90", None),
            ("s", None),
            ("1  s", None),
            ("-1 s", None),
            ("1e3 s", None),
            ("1. s", None),
            (".5 s", None),
            ("1 sec", None),
            ("99999999999999999999 d", None),
        ] {
            assert_eq!(span(text).map(Span::ns), ns, "{text}");
        }
    }

    #[test]
    fn shares_rates_sizes_and_numbers() {
        for (text, ppm) in
            [("2 %", Some(20_000)), ("0.02", Some(20_000)), ("1", Some(1_000_000)), ("0.00001 %", None)]
        {
            assert_eq!(share_ppm(text), ppm, "{text}");
        }
        assert_eq!(rate_per_s("3 /min"), Some(0.05));
        assert_eq!(rate_per_s("3"), None);
        assert_eq!(bytes("1.5 kB"), Some(1_500));
        assert_eq!([bits_per_s("0.1 Gbit/s"), bits_per_s("1 MB")], [Some(100_000_000), None]);
        assert_eq!([bits_per_s("100 Mbps"), bits_per_s("1 Gb/s")], [Some(100_000_000), Some(1_000_000_000)]);
        // a byte is no bit, and m is milli
        assert_eq!([bits_per_s("1 MB/s"), bits_per_s("1 MBps"), bits_per_s("1 mbps")], [None; 3]);
        assert_eq!(number("1e400"), Some(f64::INFINITY));
        assert_eq!(number("-1.5e3"), Some(-1_500.0));
        assert_eq!([number("nan"), number("inf"), number("0x10"), number("+1"), number("1_000")], [None; 5]);
    }

    #[test]
    fn what_is_written_reads_back_as_the_same() {
        for ppm in [0, 1, 10, 12_345, 20_000, 1_000_000] {
            assert_eq!(share_ppm(&share_text(ppm)), Some(ppm));
        }
        for size in [0, 1, 999, 1_000, 1_500, 4_000_000_000] {
            assert_eq!(bytes(&bytes_text(size)), Some(size));
            assert_eq!(bits_per_s(&bit_rate_text(size)), Some(size));
        }
        for rate in [0.0, 0.05, 1.0 / 60.0, 12_345.678] {
            assert_eq!(rate_per_s(&rate_text(rate)), Some(rate));
        }
    }
}
