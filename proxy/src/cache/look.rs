/// Why something is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// To be served: it counts as use, and what is found behind memory moves up.
    Use,
    /// To be explained: it leaves no trace in any tier.
    Glance,
}
