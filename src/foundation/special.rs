//! Special functions of laws: the normal distribution's tail and quantile, and the incomplete gamma function.
//!
//! Built on `libm` alone, so that their last digit is the same on every platform. Plain numbers in and out.

use std::f64::consts::{PI, SQRT_2};

/// The probability that a standard normal number exceeds `z`.
pub fn normal_above(z: f64) -> f64 {
    libm::erfc(z / SQRT_2) / 2.0
}

/// The z that a standard normal number exceeds with probability `tail`, in (0, 1); infinite at the ends.
pub fn normal_quantile_above(tail: f64) -> f64 {
    if tail <= 0.0 {
        return f64::INFINITY;
    }
    if tail > 0.5 {
        return -normal_quantile_above(1.0 - tail);
    }
    // Abramowitz and Stegun 26.2.23: off by at most 4.5e-4
    let t = (-2.0 * libm::log(tail)).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    normal_quantile_near(tail, t - above / below)
}

/// The same for a tail of at most 1/2, by Newton's method from a number near it or below it.
pub fn normal_quantile_near(tail: f64, near: f64) -> f64 {
    const NEWTON_STEPS: usize = 40;
    let mut z = near;
    for _ in 0..NEWTON_STEPS {
        let density = libm::exp(-z * z / 2.0) / (2.0 * PI).sqrt();
        let step = (normal_above(z) - tail) / density;
        z += step;
        if step.abs() < 1e-14 {
            break;
        }
    }
    z
}

/// The probability that a gamma-distributed number of shape `a` (0.1 to 100) and scale 1 is at most `x`: the incomplete gamma
/// function divided by the whole one, by its series below a + 1 and its continued fraction (Lentz) above.
pub fn gamma_below(a: f64, x: f64) -> f64 {
    const TERMS_MAX: u32 = 1_000;
    const LEAST: f64 = 1e-300;
    if x <= 0.0 {
        return 0.0;
    }
    if x > 1_000.0 {
        return 1.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for n in 1..TERMS_MAX {
            term *= x / (a + f64::from(n));
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        return sum * front;
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / LEAST, 1.0 / b);
    let mut fraction = d;
    for n in 1..TERMS_MAX {
        let numerator = -f64::from(n) * (f64::from(n) - a);
        b += 2.0;
        let divisor = numerator * d + b;
        d = 1.0 / if divisor.abs() < LEAST { LEAST } else { divisor };
        c = b + numerator / c;
        if c.abs() < LEAST {
            c = LEAST;
        }
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    1.0 - front * fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of published tables.
    #[test]
    fn they_are_those_of_the_tables() {
        for (z, above) in [(0.0, 0.5), (1.0, 0.158_655_253_931), (-1.0, 0.841_344_746_069)] {
            assert!((normal_above(z) - above).abs() < 1e-12, "{z}");
        }
        for (tail, z) in
            [(0.5, 0.0), (0.025, 1.959_963_984_540), (0.9, -1.281_551_565_545), (1e-9, 5.997_807_015_008)]
        {
            assert!(
                (normal_quantile_above(tail) - z).abs() < 1e-11,
                "{tail}: {}",
                normal_quantile_above(tail)
            );
        }
        // shape 1 is the exponential law, shape 2 is 1 - (1 + x) e^-x
        for x in [1e-3, 0.5, 1.9, 2.1, 5.0, 40.0, 2_000.0] {
            assert!((gamma_below(1.0, x) + libm::expm1(-x)).abs() < 1e-14, "{x}");
            assert!((gamma_below(2.0, x) - 1.0 + (1.0 + x) * libm::exp(-x)).abs() < 1e-14, "{x}");
        }
        // P(1/2, x) = erf(sqrt x)
        assert!((gamma_below(0.5, 0.3) - libm::erf(0.3f64.sqrt())).abs() < 1e-14);
        assert!((gamma_below(0.5, 3.0) - libm::erf(3.0f64.sqrt())).abs() < 1e-14);
        assert!(
            gamma_below(3.0, 0.0).abs() < 1e-300 && (gamma_below(3.0, f64::INFINITY) - 1.0).abs() < 1e-300
        );
    }

    #[test]
    fn the_quantile_undoes_the_tail() {
        for k in 1..10_000 {
            let tail = f64::from(k) / 1e4;
            assert!((normal_above(normal_quantile_above(tail)) - tail).abs() < 1e-14, "{tail}");
        }
        let [zero, all] = [0.0, 1.0].map(normal_quantile_above);
        assert!(zero.is_infinite() && zero > 0.0 && all.is_infinite() && all < 0.0);
        assert!(normal_quantile_above(f64::EPSILON / 2.0) < 8.3);
    }
}
