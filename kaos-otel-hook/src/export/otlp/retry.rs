//! What is tried again, and when.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// Why a request was in vain.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) why: String,
    pub(super) again: Again,
}

/// Whether it helps to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Never,
    Soon,
    /// The receiver says when.
    After(Duration),
}

/// How often a request is tried again.
const RETRIES: u32 = 3;

/// The first pause, without its random part; each is twice the one before.
const FIRST: Duration = Duration::from_millis(100);

/// Tries until it works or cannot work, within this time.
pub(super) async fn persistently<T>(
    limit: Duration,
    mut attempt: impl AsyncFnMut() -> Result<T, Fault>,
) -> Result<T, String> {
    let until = Instant::now() + limit;
    let mut tried = 0;
    loop {
        let fault = match timeout_at(until, attempt()).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(fault)) => fault,
            Err(_) => return Err(format!("no answer within {limit:?}")),
        };
        let pause = FIRST * 2_u32.pow(tried);
        let pause = pause + pause.mul_f64(random());
        let pause = match fault.again {
            Again::Never => return Err(fault.why),
            Again::Soon => pause,
            Again::After(wanted) => pause.max(wanted),
        };
        if tried == RETRIES {
            return Err(format!("{}, {} times", fault.why, tried + 1));
        }
        if Instant::now() + pause >= until {
            return Err(fault.why);
        }
        tried += 1;
        sleep(pause).await;
    }
}

/// From 0 to 1, so that not all come back at once.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(());
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}
