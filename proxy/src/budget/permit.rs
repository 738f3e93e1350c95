/// The right to start one upstream call, and the in-flight slot it occupies until dropped.
///
/// Only the budget makes one, and [`crate::upstream`] consumes one per call, so nothing can go
/// upstream unpaid.
#[derive(Debug)]
#[must_use = "a permit that is dropped has spent its start for nothing"]
pub struct Permit {
    _slot: (),
}

#[cfg(test)]
impl Permit {
    /// A permit of no budget, for tests of the layers that only consume one.
    pub(crate) fn unmetered() -> Self {
        Self { _slot: () }
    }
}
