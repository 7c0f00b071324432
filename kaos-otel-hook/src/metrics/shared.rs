use super::instruments::Instruments;
use super::series::AllSeries;
use crate::Prices;

/// What the observers of one hook share.
pub(crate) struct Inner {
    pub(super) instruments: Instruments,
    pub(super) series: AllSeries,
    pub(super) prices: Option<Prices>,
}
