//! Random numbers that are the same for the same random seed and number of a request.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// The random numbers of one request under one rule.
#[derive(Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// For request number `number` under a rule with this random seed.
    #[must_use]
    pub fn new(random_seed: u64, number: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(random_seed);
        dice.set_stream(number);
        Self(dice)
    }

    /// A number from 0 up to but not including 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `limit`, which is above zero.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "far below 2^53"
    )]
    pub fn below(&mut self, limit: u64) -> u64 {
        (self.unit() * limit as f64) as u64
    }

    /// A number whose logarithm is normal around that of `median`, with the deviation `sigma` (Box–Muller transform).
    #[must_use]
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        median * (sigma * radius * (std::f64::consts::TAU * self.unit()).cos()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_random_seed_and_number_give_the_same_result_and_others_differ() {
        let first = |random_seed, number| Dice::new(random_seed, number).below(1 << 40);
        assert_eq!(first(7, 3), first(7, 3));
        assert_ne!(first(7, 3), first(7, 4));
        assert_ne!(first(7, 3), first(8, 3));
    }

    #[test]
    fn the_numbers_are_fair() {
        let triggered = (0..10_000).filter(|number| Dice::new(1, *number).unit() < 0.3).count();
        assert!((2_800..3_200).contains(&triggered), "{triggered}");
        let mut waits: Vec<f64> = (0..10_001).map(|number| Dice::new(2, number).log_normal(100.0, 0.5)).collect();
        waits.sort_by(f64::total_cmp);
        assert!((95.0..105.0).contains(&waits[5_000]), "{}", waits[5_000]);
        // 84 % are below one deviation above the median.
        assert!((155.0..175.0).contains(&waits[8_413]), "{}", waits[8_413]);
    }
}
