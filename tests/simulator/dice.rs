//! The simulator's only source of chance.
//!
//! A catalogue must be byte-identical for a seed today and in two years, on every machine, or a
//! test that names a track breaks with an update of a library. General-purpose generators do not
//! promise that across versions, so this is `SplitMix64` (Steele, Lea, Flood 2014), written out.
//! Bell curves are sums of uniforms: additions round alike everywhere, `ln` and `cos` need not.

/// A seeded stream of numbers. Equal seeds give equal streams, for ever.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// An independent stream for one purpose or one call (`salt`) under the same seed.
    pub(crate) fn salted(seed: u64, salt: u64) -> Self {
        Self(scramble(seed ^ scramble(salt.wrapping_add(0x5EED))))
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        scramble(self.0)
    }

    /// Uniform in `0.0..1.0`.
    pub(crate) fn unit(&mut self) -> f64 {
        let high = u32::try_from(self.draw() >> 32).expect("a u64 shifted by 32 fits in 32 bits");
        f64::from(high) / 4_294_967_296.0
    }

    /// Uniform in `0..n`; 0 for an empty range.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = n.max(1) as u64;
        usize::try_from(self.draw() % n).expect("less than n, which came from a usize")
    }

    /// Uniform in `low..=high`.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A bell curve around `mean`; no value lies further out than six spreads.
    pub(crate) fn bell(&mut self, mean: f64, spread: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| self.unit()).sum();
        mean + spread * (sum - 6.0)
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Fisher–Yates.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The finaliser of `SplitMix64`: a good 64-bit hash of one number.
pub(crate) fn scramble(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        let mut dice = Dice::new(1_234_567);
        assert_eq!(dice.draw(), 6_457_827_717_110_365_317);
        assert_eq!(dice.draw(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_bell_centres_on_its_mean() {
        let mut dice = Dice::new(7);
        let mean = (0..2_000).map(|_| dice.bell(100.0, 10.0)).sum::<f64>() / 2_000.0;
        assert!((mean - 100.0).abs() < 1.5, "mean {mean}");
    }

    #[test]
    fn different_salts_give_different_streams() {
        assert_ne!(Dice::salted(1, 1).draw(), Dice::salted(1, 2).draw());
    }
}
